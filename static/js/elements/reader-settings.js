// Reader settings take effect at once and are kept on the server; the button that a form without scripts needs is gone.

import { notice } from "../page/notices.js";

const NAMES = ["font", "size", "width", "theme", "marks", "keys"];

/** @param {HTMLElement} menu holds one form whose radio buttons are named like the settings */
export function applyAtOnce(menu) {
  const form = menu.querySelector("form");
  if (!form) return;
  form.dataset.live = "";
  form.addEventListener("change", async ({ target }) => {
    if (!NAMES.includes(target.name)) return;
    const value = target.type === "checkbox" && !target.checked ? "off" : target.value;
    document.documentElement.dataset[target.name] = value;
    const body = new FormData(form);
    body.set(target.name, value);
    try {
      const answer = await fetch(form.action, { method: "POST", headers: { "HX-Request": "true" }, body, credentials: "same-origin" });
      if (answer.ok) return;
    } catch {
      // said below
    }
    notice("This setting holds for now, but could not be kept.");
  });
}

/** Menus made of <details> close when somebody clicks elsewhere or presses Escape. */
export function closeMenus() {
  const open = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("pointerdown", ({ target }) => {
    for (const menu of open()) if (!menu.contains(target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
      event.preventDefault();
    }
  }, true);
  document.addEventListener("toggle", ({ target, newState }) => {
    if (newState !== "open" || !target.matches?.("details.menu")) return;
    for (const menu of open()) if (menu !== target) menu.open = false;
  }, true);
}

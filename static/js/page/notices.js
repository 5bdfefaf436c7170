// Short messages in the page's status region. The server's own arrive through htmx; both go away by themselves.

const SECONDS = 10;

/**
 * Show a message, with a button when `action` is given.
 *
 * @param {string} words
 * @param {{label: string, run: () => void}} [action]
 * @param {{seconds?: number}} [options]
 * @returns {HTMLElement} the message
 */
export function notice(words, action, { seconds = SECONDS } = {}) {
  const region = document.getElementById("notices");
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.dataset.seconds = String(seconds);
  const line = document.createElement("p");
  line.textContent = words;
  toast.append(line);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button quiet";
    button.textContent = action.label;
    button.addEventListener("click", () => {
      toast.remove();
      action.run();
    });
    toast.append(button);
  }
  region?.append(toast);
  return toast;
}

/** Take away every message after its time, but not while somebody points at it or is on its button. */
export function fadeNotices() {
  const region = document.getElementById("notices");
  if (!region) return;
  const due = new WeakMap();
  const watch = (toast) => {
    const seconds = Number(toast.dataset.seconds);
    if (!seconds || due.has(toast)) return;
    const leave = () => {
      if (toast.matches(":hover, :focus-within")) due.set(toast, setTimeout(leave, 2000));
      else toast.remove();
    };
    due.set(toast, setTimeout(leave, seconds * 1000));
  };
  const all = () => {
    // An answer that is nothing but a sentence, as when the server has failed, becomes a message like the others.
    const bare = region.children.length ? "" : region.textContent.trim();
    if (bare) {
      region.textContent = "";
      notice(bare).classList.add("error");
    }
    region.querySelectorAll(".toast[data-seconds]").forEach(watch);
  };
  new MutationObserver(all).observe(region, { childList: true, subtree: true });
  region.addEventListener("click", ({ target }) => {
    if (target.closest('[data-do="dismiss"]')) target.closest(".toast").remove();
  });
  all();
}

/** What the messages on the page say. */
export function noticed() {
  const said = document.querySelectorAll("#notices .toast p");
  return Array.from(said, (line) => line.textContent.trim()).join(" ");
}

// The adjudication desk by keyboard. Every key presses a button or follows a link that is on the page; the list of keys
// is there as well. What was typed as a reason is kept in the browser until the server has it.

import { local } from "../page/drafts.js";

const KIND = "desk";
const main = document.getElementById("text");

/** Whether a key belongs to what has the focus: a field, a dialog, a menu. The same rule as on other pages. */
function isTaken(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return true;
  if (document.documentElement.dataset.keys === "off") return true;
  if (!(event.target instanceof Element)) return false;
  if (event.target.matches("input:not([type=checkbox], [type=radio]), textarea, select")) return true;
  return Boolean(event.target.closest("[role=menu]") || document.querySelector("dialog:modal"));
}

const find = (selector) => document.querySelector(`#desk ${selector}`);

/** Press what a key stands for; whether it was there. */
function press(selector) {
  const found = find(selector);
  found?.click();
  return Boolean(found);
}

function toReason({ rejecting }) {
  const reason = find("#reason");
  if (!reason) return false;
  find("#settle").toggleAttribute("data-rejecting", rejecting);
  find("#reason-hint").textContent = rejecting
    ? "Write why no mark is to stand here, then press Ctrl Enter to reject. Esc leaves the field."
    : "Esc leaves the field; then choose.";
  reason.focus();
  return true;
}

function toEdit() {
  const edit = find("#edit");
  if (!edit) return false;
  edit.open = true;
  edit.querySelector(".ends .button").focus();
  return true;
}

const KEYS = {
  j: () => press("#to-next") || press("#to-open"),
  n: () => press("#to-next") || press("#to-open"),
  k: () => press("#to-previous"),
  p: () => press("#to-previous"),
  m: () => press("#merge"),
  e: toEdit,
  x: () => toReason({ rejecting: true }),
  r: () => toReason({ rejecting: false }),
  z: () => press("#undo"),
  "?": openKeys,
};

function openKeys() {
  const dialog = document.getElementById("desk-keys");
  if (!dialog.open) dialog.showModal();
  return true;
}

document.addEventListener(
  "keydown",
  (event) => {
    if (inReason(event) || isTaken(event)) return;
    const act = /^[1-9]$/.test(event.key) ? () => press(`[data-choose="${event.key}"]`) : KEYS[event.key];
    // Held down, a key would decide one passage after another.
    if (act && (event.repeat || act())) event.preventDefault();
  },
  { capture: true }, // before the keys of every page, of which "?" is one
);

/** In a field of the form: Esc leaves it, Ctrl Enter rejects where that was asked for. */
function inReason(event) {
  if (!(event.target instanceof Element) || !event.target.matches("#settle textarea")) return false;
  if (event.key === "Escape" && !event.isComposing) {
    find("#settle").removeAttribute("data-rejecting");
    find("#passage-head").focus();
    event.preventDefault();
    return true;
  }
  const rejects = event.key === "Enter" && (event.ctrlKey || event.metaKey) && find("#settle").hasAttribute("data-rejecting");
  if (rejects && !event.repeat) {
    event.preventDefault();
    press("#reject");
  }
  return rejects;
}

/** Of tags that exclude one another the one ticked last stays. */
document.addEventListener("change", ({ target }) => {
  const group = target.checked && target.closest("#desk [data-exclusive]");
  if (!group) return;
  for (const other of group.querySelectorAll("input")) if (other !== target) other.checked = false;
});

const draftOf = (passage) => [KIND, main.dataset.article, passage];

document.addEventListener("input", ({ target }) => {
  if (target.id === "reason") local.set(target.value || null, ...draftOf(target.form.elements.passage.value));
});

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  // Once the form has been swapped away, `detail.elt` is something around it.
  const { xhr, requestConfig } = detail;
  if (requestConfig?.elt?.id !== "settle" || xhr.status < 200 || xhr.status >= 300) return;
  const act = String(requestConfig.parameters?.act ?? "");
  if (act && !/^(step|stay)/.test(act)) local.set(null, ...draftOf(requestConfig.parameters.passage));
});

/** What a desk that has just come needs. */
function settleIn() {
  const keys = document.getElementById("show-keys");
  if (keys) keys.hidden = false;
  // Its list alone is scrolled, never the page.
  const here = find(".queue [aria-current]");
  const list = here?.closest("ol");
  if (list) list.scrollTop = here.offsetTop - list.offsetTop - (list.clientHeight - here.offsetHeight) / 2;
  const reason = find("#reason");
  const kept = reason && !reason.value ? local.get(...draftOf(reason.form.elements.passage.value)) : null;
  if (kept) reason.value = kept;
}

document.addEventListener("click", ({ target }) => {
  if (target.closest?.("#show-keys")) openKeys();
  if (target.closest?.('#desk-keys [data-do="close"]') || target.id === "desk-keys") document.getElementById("desk-keys").close();
});
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.elt?.id === "desk" || detail.target?.id === "desk") settleIn();
});
settleIn();

// The review queue by keyboard. Every key presses a button or follows a link that is on the page; the list of keys is
// there as well. What was typed as a reason is kept in the browser until the server has it.

import { local } from "../page/drafts.js";

const KIND = "review";
const VERDICTS = ["accept", "reject", "return", "retag"];

/** Whether a key belongs to what has the focus: a field, a dialog, a menu. The same rule as on other pages. */
function isTaken(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return true;
  if (document.documentElement.dataset.keys === "off") return true;
  if (!(event.target instanceof Element)) return false;
  if (event.target.matches("input:not([type=checkbox], [type=radio]), textarea, select")) return true;
  return Boolean(event.target.closest("[role=menu]") || document.querySelector("dialog:modal"));
}

const find = (selector) => document.querySelector(`#review ${selector}`);

/** Press what a key stands for; whether it was there. */
function press(selector) {
  const found = find(selector);
  found?.click();
  return Boolean(found);
}

/** Go to the field for a reason; Ctrl Enter there sends this verdict. */
function toReason(verdict) {
  const reason = find("#reason");
  if (!reason || !find(`#${verdict}`)) return false;
  const hint = find("#reason-hint");
  find("#verdict").dataset.sends = verdict;
  hint.textContent = hint.dataset[verdict];
  reason.focus();
  return true;
}

function toTags() {
  const retag = find("#retag");
  if (!retag) return false;
  retag.open = true;
  (retag.querySelector("input:checked") ?? retag.querySelector("input[type=checkbox]"))?.focus();
  return true;
}

const KEYS = {
  a: () => press("#accept"),
  x: () => toReason("reject"),
  r: () => toReason("return"),
  t: toTags,
  j: () => press("#to-next"),
  n: () => press("#to-next"),
  k: () => press("#to-previous"),
  p: () => press("#to-previous"),
  z: () => press("#undo"),
  "?": openKeys,
};

function openKeys() {
  const dialog = document.getElementById("review-keys");
  if (!dialog) return false;
  if (!dialog.open) dialog.showModal();
  return true;
}

document.addEventListener(
  "keydown",
  (event) => {
    if (inForm(event) || isTaken(event)) return;
    const act = find("*") && KEYS[event.key];
    // Held down, a key would decide one mark after another.
    if (act && (event.repeat || act())) event.preventDefault();
  },
  { capture: true }, // before the keys of every page, of which "?" is one
);

/** In the reason or among the tags: Esc leaves them, Ctrl Enter sends what was begun. Other keys belong to the field. */
function inForm(event) {
  if (!(event.target instanceof Element) || event.isComposing) return false;
  const tags = event.target.closest("#retag");
  if (!tags && !event.target.matches("#verdict textarea")) return false;
  if (event.key === "Escape") {
    if (tags) find("#retag").open = false;
    find("#mark-head").focus();
    event.preventDefault();
    return true;
  }
  const sends = tags ? "retag-now" : find("#verdict").dataset.sends;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && sends) {
    event.preventDefault();
    if (!event.repeat) press(`#${sends}`);
    return true;
  }
  return Boolean(tags) && event.key.length === 1;
}

/** Of tags that exclude one another the one ticked last stays. */
document.addEventListener("change", ({ target }) => {
  const group = target.checked && target.closest("#review [data-exclusive]");
  if (!group) return;
  for (const other of group.querySelectorAll("input")) if (other !== target) other.checked = false;
});

const shown = () => document.getElementById("review")?.dataset.mark;

document.addEventListener("input", ({ target }) => {
  if (target.id === "reason") local.set(target.value || null, KIND, shown());
});

let sent = null; // the mark on which a verdict is on its way
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.elt?.id === "verdict") sent = shown();
});
// By now the form may be gone from the page, so the request is asked what sent it.
document.addEventListener("htmx:afterRequest", ({ detail: { xhr, requestConfig } }) => {
  if (requestConfig?.elt?.id !== "verdict" || xhr.status < 200 || xhr.status >= 300) return;
  if (VERDICTS.includes(String(requestConfig.parameters?.act ?? ""))) local.set(null, KIND, sent);
});

/** What a mark that has just come needs. */
function settleIn() {
  const keys = document.getElementById("show-keys");
  if (keys) keys.hidden = false;
  // The list alone is scrolled, never the page.
  const here = find(".queue [aria-current]");
  const list = here?.closest("ol");
  if (list) list.scrollTop = here.offsetTop - list.offsetTop - (list.clientHeight - here.offsetHeight) / 2;
  const reason = find("#reason");
  const kept = reason && !reason.value ? local.get(KIND, shown()) : null;
  if (kept) reason.value = kept;
}

/** The list: one tick for all of a page. */
function tickAll() {
  const all = document.getElementById("tick-all");
  if (!all) return;
  const boxes = () => document.querySelectorAll('#many [name="mark"]');
  all.hidden = false;
  all.addEventListener("change", ({ target }) => boxes().forEach((box) => (box.checked = target.checked)));
}

document.addEventListener("click", ({ target }) => {
  if (target.closest?.("#show-keys")) openKeys();
  if (target.closest?.('#review-keys [data-do="close"]') || target.id === "review-keys") document.getElementById("review-keys").close();
});
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.elt?.id === "review" || detail.target?.id === "review") settleIn();
});
settleIn();
tickAll();

// The keys of the review queue, and the box that ticks all of the list.

import { partOf, workByKeys } from "../page/by-keys.js";

const VERDICTS = ["accept", "reject", "return", "retag"];
const { find, press } = partOf("review");

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
};

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

/** The list: one tick for all of a page. */
function tickAll() {
  const all = document.getElementById("tick-all");
  if (!all) return;
  const boxes = () => document.querySelectorAll('#many [name="mark"]');
  all.hidden = false;
  all.addEventListener("change", ({ target }) => boxes().forEach((box) => (box.checked = target.checked)));
}

workByKeys({
  id: "review",
  form: "verdict",
  dialog: "review-keys",
  actFor: (key) => KEYS[key],
  inForm,
  nameOf: (form) => ["review", form.dataset.mark],
  decides: (act) => VERDICTS.includes(act),
});
tickAll();

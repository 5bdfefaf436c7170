// The keys of the adjudication desk.

import { partOf, workByKeys } from "../page/by-keys.js";

const main = document.getElementById("text");
const { find, press } = partOf("desk");

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
};

/** In a field of the form: Esc leaves it, Ctrl Enter rejects where that was asked for. */
function inForm(event) {
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

workByKeys({
  id: "desk",
  form: "settle",
  dialog: "desk-keys",
  actFor: (key) => (/^[1-9]$/.test(key) ? () => press(`[data-choose="${key}"]`) : KEYS[key]),
  inForm,
  nameOf: (form) => ["desk", main.dataset.article, form.elements.passage.value],
  decides: (act) => Boolean(act) && !/^(step|stay)/.test(act),
});

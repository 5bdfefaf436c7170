// Pages that are worked off by keyboard: one thing at hand, a queue beside it, a form with a reason. Every key presses a
// button or follows a link that is on the page; the list of keys is there as well. What was typed as a reason is kept in
// the browser until the server has it.

import { local } from "./drafts.js";

/** Whether a key belongs to what has the focus: a field, a dialog, a menu. */
export function isTaken(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return true;
  if (document.documentElement.dataset.keys === "off") return true;
  const target = event.composedPath()[0];
  if (!(target instanceof Element)) return false;
  if (target.closest("input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select")) return true;
  if (target.isContentEditable || target.closest("dialog[open]:not(#sheet), [role=menu]")) return true;
  return Boolean(document.querySelector("dialog:modal"));
}

/**
 * Something that the server swaps as a whole, by its id.
 *
 * @param {string} id
 * @returns {{find: (selector: string) => ?Element, press: (selector: string) => boolean}} `press` tells whether it was
 *   there
 */
export function partOf(id) {
  const find = (selector) => document.querySelector(`#${id} ${selector}`);
  const press = (selector) => {
    const found = find(selector);
    found?.click();
    return Boolean(found);
  };
  return { find, press };
}

/**
 * Connect the keys of such a page.
 *
 * @param {{
 *   id: string, of what is swapped;
 *   form: string, the id of the form with the field `#reason`;
 *   dialog: string, the id of the list of keys;
 *   actFor: (key: string) => ?(() => boolean), what a key does; it tells whether it did;
 *   inForm: (event: KeyboardEvent) => boolean, whether a key was for the form;
 *   nameOf: (form: HTMLFormElement) => string[], under which what was typed is kept;
 *   decides: (act: string) => boolean, whether the server has the reason after this act,
 * }} page
 */
export function workByKeys({ id, form, dialog, actFor, inForm, nameOf, decides }) {
  const { find } = partOf(id);

  function openKeys() {
    const list = document.getElementById(dialog);
    if (!list) return false;
    if (!list.open) list.showModal();
    return true;
  }

  document.addEventListener(
    "keydown",
    (event) => {
      if (inForm(event) || isTaken(event) || !document.getElementById(id)) return;
      const act = event.key === "?" ? openKeys : actFor(event.key);
      // Held down, a key would decide one thing after another.
      if (act && (event.repeat || act())) event.preventDefault();
    },
    { capture: true }, // before the keys of every page, of which "?" is one
  );

  // Of tags that exclude one another the one ticked last stays.
  document.addEventListener("change", ({ target }) => {
    const group = target.checked && target.closest(`#${id} [data-exclusive]`);
    if (!group) return;
    for (const other of group.querySelectorAll("input")) if (other !== target) other.checked = false;
  });

  document.addEventListener("input", ({ target }) => {
    if (target.id === "reason" && target.form?.id === form) local.set(target.value || null, ...nameOf(target.form));
  });
  // Once the form has been swapped away, `detail.elt` is something around it; the request knows what sent it.
  document.addEventListener("htmx:afterRequest", ({ detail: { xhr, requestConfig } }) => {
    if (requestConfig?.elt?.id !== form || xhr.status < 200 || xhr.status >= 300) return;
    if (decides(String(requestConfig.parameters?.act ?? ""))) local.set(null, ...nameOf(requestConfig.elt));
  });

  /** What something that has just come needs. */
  function settleIn() {
    const keys = document.getElementById("show-keys");
    if (keys) keys.hidden = false;
    // Its list alone is scrolled, never the page.
    const here = find(".queue [aria-current]");
    const list = here?.closest("ol");
    if (list) list.scrollTop = here.offsetTop - list.offsetTop - (list.clientHeight - here.offsetHeight) / 2;
    const reason = find("#reason");
    const kept = reason && !reason.value ? local.get(...nameOf(reason.form)) : null;
    if (kept) reason.value = kept;
  }

  document.addEventListener("click", ({ target }) => {
    if (target.closest?.("#show-keys")) openKeys();
    if (target.closest?.(`#${dialog} [data-do="close"]`) || target.id === dialog) document.getElementById(dialog).close();
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.elt?.id === id || detail.target?.id === id) settleIn();
  });
  settleIn();
}

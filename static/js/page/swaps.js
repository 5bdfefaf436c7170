// What on the page has been replaced. Elements are swapped by id, several at once; whoever holds on to elements or
// ranges asks here to be told, once per batch.

const listeners = new Set();
let ids = null;

function note(id) {
  if (!id) return;
  if (!ids) {
    ids = new Set();
    queueMicrotask(() => {
      const swapped = ids;
      ids = null;
      for (const listener of listeners) listener(swapped);
    });
  }
  ids.add(id);
}

/** @param {(ids: Set<string>) => void} listener gets the ids of the elements that were swapped */
export function onSwap(listener) {
  listeners.add(listener);
}

document.addEventListener("htmx:oobBeforeSwap", (event) => note(event.detail.target?.id)); // removals have no "after"
document.addEventListener("htmx:oobAfterSwap", (event) => note(event.detail.target?.id));
document.addEventListener("htmx:afterSwap", (event) => note(event.detail.target?.id));

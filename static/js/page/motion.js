// Bringing something into view.

export function prefersStill() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * Scroll an element or range into view when it is not there already.
 *
 * @param {Element | Range} what
 * @param {{block?: "start" | "center", always?: boolean, below?: number}} [options] `below`: CSS pixels at the bottom that are covered
 */
export function bringIntoView(what, { block = "center", always = false, below = 0 } = {}) {
  const box = what.getBoundingClientRect();
  const top = topLine();
  const bottom = innerHeight - below - 8;
  if (!always && box.top >= top && box.bottom <= bottom) return;
  const room = bottom - top;
  const wanted = block === "start" || box.height > room ? top : top + (room - box.height) / 2;
  const by = box.top - wanted;
  // Over long ways sizes are guesses until the text is laid out; gliding there would miss.
  const near = Math.abs(by) < innerHeight * 3;
  scrollBy({ top: by, behavior: near && !prefersStill() ? "smooth" : "instant" });
}

/** Where text that is scrolled to the top begins, in CSS pixels from the top of the window. */
export function topLine() {
  return headerHeight() + 8;
}

/** What the sticky header covers at the top of the window, in CSS pixels. */
export function headerHeight() {
  const bar = document.querySelector("body > header");
  if (!bar) return 0;
  const { position } = getComputedStyle(bar);
  return position === "sticky" || position === "fixed" ? bar.offsetHeight : 0;
}

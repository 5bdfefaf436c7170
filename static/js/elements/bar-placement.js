// Where the selection bar stands: beside the passage for a mouse, along the bottom edge for fingers.

import { headerHeight } from "../page/motion.js";

const GAP = 8; // CSS pixels

/** Whether the bar is worked with fingers; their own callout floats at the selection, so ours stays away from it. */
export function isTouch() {
  return matchMedia("(pointer: coarse)").matches;
}

/**
 * Put the bar above the passage or, where there is no room, below it; never over it, never outside of the window.
 * It then scrolls along with the text. Costs one layout.
 *
 * @param {HTMLElement} bar
 * @param {Range} range
 */
export function place(bar, range) {
  const { style } = bar;
  if (isTouch()) {
    bar.dataset.place = "dock";
    for (const name of ["left", "top", "transform"]) style.removeProperty(name);
    return;
  }
  bar.dataset.place = "float";
  style.left = style.top = "0";
  style.transform = "none";
  const own = bar.getBoundingClientRect(); // at its origin
  const lines = Array.from(range.getClientRects()).filter((box) => box.width > 0);
  const around = range.getBoundingClientRect();
  const ceiling = headerHeight() + GAP;
  const floor = innerHeight - GAP;
  const first = lines[0] ?? around;
  const last = lines.at(-1) ?? around;
  const fitsAbove = around.top - GAP - own.height >= ceiling && around.top - GAP <= floor;
  const fitsBelow = around.bottom + GAP + own.height <= floor && around.bottom + GAP >= ceiling;
  let side = "below";
  let edge = floor - own.height; // the passage fills the window or is out of it
  if (fitsAbove) [side, edge] = ["above", around.top - GAP];
  else if (fitsBelow) edge = around.bottom + GAP;
  else if (around.bottom < ceiling) edge = ceiling;
  const line = side === "above" ? first : last;
  const middle = (Math.max(line.left, 0) + Math.min(line.right, innerWidth)) / 2;
  const left = Math.max(GAP, Math.min(middle - own.width / 2, document.documentElement.clientWidth - own.width - GAP));
  bar.dataset.side = side;
  style.left = `${Math.round(left - own.left)}px`;
  style.top = `${Math.round(edge - own.top)}px`;
  // Above, the lower edge stays put when the bar grows, so that it grows away from the passage.
  style.transform = side === "above" ? "translateY(-100%)" : "none";
}

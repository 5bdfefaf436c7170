// What is passing is painted over the text with the CSS Custom Highlight API: `pending` for the passage that is being
// chosen or saved, `focus` for the mark whose card the reader looks at, `live` for what others have just changed. Nothing
// of it changes the DOM of the text.
//
// Browsers without the API show the chosen passage as the page's own selection and `focus` as a class on the mark's
// segments; what is being saved shows when the answer is there.

import { onSwap } from "./swaps.js";

const painted = { pending: new Map(), focus: new Map(), live: new Map() };
let article = null;

const api = typeof Highlight === "function" && Boolean(globalThis.CSS?.highlights);

/** @param {import("../text/article.js").ArticleText} text the article to paint on */
export function paintOn(text) {
  article = text;
}

/**
 * Paint a passage until `hide` is called with the same name and key.
 *
 * @param {"pending" | "focus" | "live"} name
 * @param {string} key whose paint it is; several keys may paint at once
 * @param {{start: number, end: number}} passage
 */
export function show(name, key, passage) {
  painted[name].set(key, { start: passage.start, end: passage.end });
  repaint(name);
}

export function hide(name, key) {
  if (painted[name].delete(key)) repaint(name);
}

function repaint(name) {
  const range = ({ start, end }) => article.range(start, end);
  const ranges = Array.from(painted[name].values(), range).filter(Boolean);
  if (!api) {
    if (name === "focus") outline(ranges);
    else if (painted[name].has("chosen")) select(range(painted[name].get("chosen")));
  } else if (ranges.length) CSS.highlights.set(name, new Highlight(...ranges));
  else CSS.highlights.delete(name);
}

function select(range) {
  const selection = document.getSelection();
  if (!range) return;
  selection.removeAllRanges();
  selection.addRange(range);
}

function outline(ranges) {
  for (const mark of article.root.querySelectorAll("mark.focus")) mark.classList.remove("focus");
  for (const range of ranges) {
    const around = range.commonAncestorContainer;
    const scope = around.nodeType === Node.ELEMENT_NODE ? around : around.parentElement;
    const marks = scope.closest("mark") ? [scope.closest("mark")] : scope.querySelectorAll("mark");
    for (const mark of marks) if (range.intersectsNode(mark)) mark.classList.add("focus");
  }
}

// Ranges die with the elements they were in.
onSwap((ids) => {
  if (!article) return;
  const blocks = Array.from(ids).filter((id) => /^b\d+$/.test(id));
  if (!blocks.length) return;
  for (const name of Object.keys(painted)) if (painted[name].size) repaint(name);
});

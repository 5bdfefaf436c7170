// From what is selected on the page to a passage of the revision.

import { codePoints } from "./offsets.js";
import { graphemeEnd, graphemeStart } from "./sentences.js";

const SPACE = /\s/;

/**
 * The passage that a DOM Range covers: its ends are clipped to the article, widened to whole characters and trimmed of
 * white space. Returns {start, end, exact} with positions in code points of the revision, or null when nothing is left.
 *
 * @param {import("./article.js").ArticleText} article
 * @param {Range} range
 */
export function passageOf(article, range) {
  if (!article.count || range.collapsed) return null;
  const from = startOf(article, range);
  const to = endOf(article, range);
  if (!from || !to || from.index > to.index) return null;
  from.unit = graphemeStart(article.text(from.index), from.unit);
  to.unit = graphemeEnd(article.text(to.index), to.unit);
  while (precedes(from, to) && (from.unit >= article.text(from.index).length || isSpaceAt(article, from, 0))) {
    if (from.unit < article.text(from.index).length) from.unit += 1;
    else Object.assign(from, { index: from.index + 1, unit: 0 });
  }
  while (precedes(from, to) && (to.unit === 0 || isSpaceAt(article, to, -1))) {
    if (to.unit > 0) to.unit -= 1;
    else Object.assign(to, { index: to.index - 1, unit: article.text(to.index - 1).length });
  }
  if (!precedes(from, to)) return null;
  const start = position(article, from);
  const end = position(article, to);
  return { start, end, exact: article.slice(start, end) };
}

/** The passage that the reader has selected, or null. */
export function selectedPassage(article, selection = document.getSelection()) {
  if (!selection || selection.rangeCount === 0 || selection.isCollapsed) return null;
  return passageOf(article, selection.getRangeAt(0));
}

function position(article, { index, unit }) {
  return article.start(index) + codePoints(article.text(index), unit);
}

function precedes(from, to) {
  return from.index < to.index || (from.index === to.index && from.unit < to.unit);
}

function isSpaceAt(article, { index, unit }, shift) {
  return SPACE.test(article.text(index).charAt(unit + shift));
}

function startOf(article, range) {
  const { startContainer: node, startOffset: offset } = range;
  const block = article.blockOf(node);
  if (block) return { index: article.indexes.get(block.id), unit: article.unitsBefore(block, node, offset) };
  const index = firstWhere(article.count, (at) => !isBefore(article.element(at), 0, node, offset));
  return index < article.count ? { index, unit: 0 } : null;
}

function endOf(article, range) {
  const { endContainer: node, endOffset: offset } = range;
  const block = article.blockOf(node);
  if (block) return { index: article.indexes.get(block.id), unit: article.unitsBefore(block, node, offset) };
  const after = firstWhere(article.count, (at) => {
    const element = article.element(at);
    return isBefore(node, offset, element, element.childNodes.length);
  });
  return after > 0 ? { index: after - 1, unit: article.text(after - 1).length } : null;
}

/** Whether the DOM point (a, i) comes before (b, j). */
function isBefore(a, i, b, j) {
  const point = document.createRange();
  point.setStart(b, j);
  return point.comparePoint(a, i) < 0;
}

/** The first of 0 … count - 1 for which `holds`, which stays true once it is; count when there is none. */
function firstWhere(count, holds) {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

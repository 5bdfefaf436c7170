// The canonical text of the revision on the page: which element holds which code points, and back.
//
// Blocks are the elements with an id b0, b1, … and `data-start`. Only text inside them counts. Their elements are
// swapped when marks change, their texts and starts never are; so texts are kept and elements looked up by id.

import { codePoints, utf16Units } from "./offsets.js";
import { sentences, words } from "./sentences.js";

const BLOCK = '[id^="b"][data-start]';

export class ArticleText {
  #texts = [];
  #lengths = [];
  #borders = [];

  /** @param {Element} root the <article> */
  constructor(root) {
    this.root = root;
    this.language = root.lang || "";
    this.ids = [];
    this.starts = [];
    this.indexes = new Map();
    for (const block of root.querySelectorAll(BLOCK)) {
      this.indexes.set(block.id, this.ids.length);
      this.ids.push(block.id);
      this.starts.push(Number(block.dataset.start));
    }
  }

  /** How many blocks there are; blocks are named by their index, 0 to count - 1. */
  get count() {
    return this.ids.length;
  }

  element(index) {
    return document.getElementById(this.ids[index]);
  }

  /** The number in the id of a block, by which the server knows it. */
  ordinal(index) {
    return Number(this.ids[index].slice(1));
  }

  /** The index of the block with that number; -1 when it is not on the page. */
  indexOf(ordinal) {
    return this.indexes.get(`b${ordinal}`) ?? -1;
  }

  /** The block's own text. */
  text(index) {
    this.#texts[index] ??= Array.from(textNodes(this.element(index)), (node) => node.data).join("");
    return this.#texts[index];
  }

  start(index) {
    return this.starts[index];
  }

  /** Where the block ends in the revision, in code points. */
  end(index) {
    this.#lengths[index] ??= codePoints(this.text(index));
    return this.starts[index] + this.#lengths[index];
  }

  /** The index of the block that holds this position of the revision (or, between two, of the one before it). */
  at(offset) {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The block element around a node, or null when it is in none. */
  blockOf(node) {
    const element = node?.nodeType === Node.ELEMENT_NODE ? node : node?.parentElement;
    const block = element?.closest(BLOCK);
    return block && this.root.contains(block) ? block : null;
  }

  /** UTF-16 units of the block's text before the DOM point (node, offset), which lies in the block. */
  unitsBefore(block, node, offset) {
    const point = document.createRange();
    point.setStart(node, offset);
    let units = 0;
    for (const text of textNodes(block)) {
      if (text === node) return units + offset;
      if (point.comparePoint(text, 0) > 0) break;
      units += text.length;
    }
    return units;
  }

  /** The position of a DOM point in the revision, in code points; null when it is in no block. */
  offsetOf(node, offset) {
    const block = this.blockOf(node);
    if (!block) return null;
    const index = this.indexes.get(block.id);
    return this.starts[index] + codePoints(this.text(index), this.unitsBefore(block, node, offset));
  }

  /** The exact words of [start, end); texts of different blocks joined by a newline. */
  slice(start, end) {
    const parts = [];
    for (let index = this.at(start); index < this.count && this.starts[index] < end; index += 1) {
      const text = this.text(index);
      const from = utf16Units(text, Math.max(0, start - this.starts[index]));
      const to = end < this.end(index) ? utf16Units(text, end - this.starts[index]) : text.length;
      parts.push(text.slice(from, to));
    }
    return parts.join("\n");
  }

  /** A DOM Range over [start, end) of the revision; null when the blocks are not on the page. */
  range(start, end) {
    if (!this.count || start >= end) return null;
    const first = this.at(start);
    const last = this.at(end - 1);
    if (!this.element(first) || !this.element(last)) return null;
    const range = document.createRange();
    range.setStart(...this.#point(first, start, false));
    range.setEnd(...this.#point(last, end, true));
    return range;
  }

  /** The DOM point of a position; between two text nodes the end of the earlier for an end, else the later's start. */
  #point(index, offset, isEnd) {
    const block = this.element(index);
    let left = utf16Units(this.text(index), Math.min(offset, this.end(index)) - this.starts[index]);
    let last = null;
    for (const node of textNodes(block)) {
      if (isEnd ? left <= node.length : left < node.length) return [node, left];
      left -= node.length;
      last = node;
    }
    return last ? [last, last.length] : [block, 0];
  }

  /** Where sentences and words of a block begin and end, in code points of the revision, each list in order. */
  borders(index) {
    return (this.#borders[index] ??= this.#findBorders(index));
  }

  #findBorders(index) {
    const text = this.text(index);
    const ranges = (found) => found.map(([a, b]) => [this.#position(index, a), this.#position(index, b)]);
    const language = this.element(index)?.closest("[lang]")?.lang || this.language;
    const wholes = ranges(sentences(text, language));
    const pieces = ranges(words(text, language));
    const all = [...wholes, ...pieces];
    return {
      sentences: wholes,
      sentenceStarts: wholes.map(([start]) => start),
      sentenceEnds: wholes.map(([, end]) => end),
      // A sentence's own ends are stops too: they take in a closing full stop or an opening quotation mark.
      wordStarts: ascending(all.map(([start]) => start)),
      wordEnds: ascending(all.map(([, end]) => end)),
    };
  }

  #position(index, units) {
    return this.starts[index] + codePoints(this.text(index), units);
  }
}

function ascending(numbers) {
  return Array.from(new Set(numbers)).sort((a, b) => a - b);
}

/** The text nodes that make up a block's text, in order; a block's Annotate link is no part of it. */
function* textNodes(block) {
  if (!block) return;
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.parentElement.closest(".an")) yield node;
  }
}

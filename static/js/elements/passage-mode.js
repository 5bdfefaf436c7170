// Passage mode: choosing a passage sentence by sentence, without a mouse. The steps are also buttons of the bar.

import { announce } from "../page/announce.js";
import { bringIntoView, headerHeight } from "../page/motion.js";
import { firstSentence, moveEnd, nextSentence, previousSentence, sentenceAt } from "../text/stepping.js";

export class PassageMode {
  /** @type {?{start: number, end: number}} where the reader is; stays when the passage itself has been saved */
  #place = null;

  /**
   * @param {{article: object, chosen: object}} page
   */
  constructor(page) {
    this.page = page;
    page.chosen.addEventListener("change", () => {
      const { current, isHeld } = page.chosen;
      if (current && isHeld && this.isOn) this.#place = current;
      else if (current && !isHeld) this.leave({ keep: true });
    });
  }

  get isOn() {
    return document.documentElement.dataset.mode === "passage";
  }

  /** Begin on the first sentence of a block or, without one, where the reader is. */
  start(index) {
    const { article, chosen } = this.page;
    let passage = index === undefined ? chosen.current ?? this.#inWindow() : firstSentence(article, index);
    passage ??= firstSentence(article, 0);
    if (!passage) return;
    document.documentElement.dataset.mode = "passage";
    this.#go(passage, "Passage mode.");
  }

  /** Leave; with `keep` what is chosen stays chosen. */
  leave({ keep = false } = {}) {
    if (!this.isOn) return;
    delete document.documentElement.dataset.mode;
    this.#place = null;
    if (keep) return;
    this.page.chosen.release();
    announce("Passage mode left.");
  }

  /** On to the next (1) or previous (-1) sentence. */
  sentence(direction) {
    const here = this.#here();
    if (!here) return;
    const { article } = this.page;
    this.#go(direction > 0 ? nextSentence(article, here) : previousSentence(article, here));
  }

  /** Extend (1) or shrink (-1) the passage by a sentence at its end. */
  extendBySentence(direction) {
    const here = this.#here();
    if (here) this.#go(moveEnd(this.page.article, here, "end", "sentence", direction));
  }

  /** Extend (1) or shrink (-1) the passage by a word at its end, or move its beginning on (1) or back (-1). */
  word(direction, side = "end") {
    const here = this.#here();
    if (here) this.#go(moveEnd(this.page.article, here, side, "word", direction));
  }

  /** On to the first sentence of the next (1) or previous (-1) block. */
  block(direction) {
    const here = this.#here();
    if (!here) return;
    const { article } = this.page;
    for (let index = article.at(here.start) + direction; index >= 0 && index < article.count; index += direction) {
      const passage = article.borders(index).sentences.length ? firstSentence(article, index) : null;
      if (passage) return this.#go(passage);
    }
  }

  /** Whether text at the place runs from right to left, so that the arrow keys swap. */
  get isMirrored() {
    const here = this.#here();
    const block = here && this.page.article.element(this.page.article.at(here.start));
    return Boolean(block) && getComputedStyle(block).direction === "rtl";
  }

  #here() {
    return this.page.chosen.current ?? this.#place;
  }

  #go(passage, before = "") {
    const { article, chosen } = this.page;
    if (!passage) return announce("No further.");
    this.#place = passage;
    chosen.hold(passage);
    const range = article.range(passage.start, passage.end);
    if (range) bringIntoView(range);
    announce([before, article.slice(passage.start, passage.end)].filter(Boolean).join(" "));
  }

  /** The first sentence that begins in the window. */
  #inWindow() {
    const { article } = this.page;
    const top = headerHeight();
    let low = 0;
    let high = article.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (article.element(middle).getBoundingClientRect().bottom < top + 8) low = middle + 1;
      else high = middle;
    }
    if (low >= article.count) return null;
    const sentence = firstSentence(article, low);
    const isAbove = article.element(low).getBoundingClientRect().top < top - innerHeight / 2;
    return isAbove && sentence ? sentenceAt(article, sentence.end) ?? sentence : sentence;
  }
}

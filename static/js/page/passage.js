// The passage the reader is about to mark. It comes from the page's selection, or it is held: chosen by steps, kept
// after a failed save, or brought back from a draft. A held passage is painted as `pending`, a selection paints itself.

import { hide, show } from "./overlay.js";

/** @typedef {{start: number, end: number}} Passage positions in code points of the revision */

export class ChosenPassage extends EventTarget {
  /** @param {import("../text/article.js").ArticleText} article */
  constructor(article) {
    super();
    this.article = article;
    /** @type {Passage | null} */
    this.current = null;
    this.isHeld = false;
  }

  /** The exact words of the current passage. */
  get exact() {
    return this.current ? this.article.slice(this.current.start, this.current.end) : "";
  }

  /** What the page's selection covers. */
  select({ start, end }) {
    this.#set({ start, end }, false);
  }

  /** A passage that stays until it is released, whatever is selected. */
  hold({ start, end }) {
    document.getSelection().removeAllRanges();
    this.#set({ start, end }, true);
  }

  /** Nothing is chosen any more. */
  release() {
    if (!this.current) return;
    const wasSelection = !this.isHeld;
    this.#set(null, false);
    if (wasSelection) document.getSelection().removeAllRanges();
  }

  #set(passage, isHeld) {
    this.current = passage;
    this.isHeld = isHeld;
    if (passage && isHeld) show("pending", "chosen", passage);
    else hide("pending", "chosen");
    this.dispatchEvent(new Event("change"));
  }
}

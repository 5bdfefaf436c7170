// Text never moves under a reader's selection: a block that the live selection touches is not swapped. It is fetched
// anew once the selection is gone.

import { ask } from "./requests.js";

export class BlockGuard {
  #waiting = new Set(); // numbers of blocks whose news have been put off
  #settled = [];

  /**
   * @param {import("../text/article.js").ArticleText} article
   * @param {(from: number, to: number) => string} address of the fragment with blocks `from` to `to`
   */
  constructor(article, address) {
    this.article = article;
    this.address = address;
    document.addEventListener("htmx:oobBeforeSwap", (event) => {
      const block = event.detail.target;
      if (!/^b\d+$/.test(block.id) || !article.root.contains(block) || !isSelected(block)) return;
      event.detail.shouldSwap = false;
      this.#waiting.add(Number(block.id.slice(1)));
    });
    document.addEventListener("selectionchange", () => {
      if (this.#waiting.size && document.getSelection().isCollapsed) this.#release();
    });
  }

  /** Resolves when nothing of the passage is waiting to be swapped any more. */
  settled({ start, end }) {
    const blocks = [];
    for (let index = this.article.at(start); index <= this.article.at(end - 1); index += 1) {
      blocks.push(this.article.ordinal(index));
    }
    if (!blocks.some((block) => this.#waiting.has(block))) return Promise.resolve();
    return new Promise((resolve) => this.#settled.push(resolve));
  }

  async #release() {
    const blocks = Array.from(this.#waiting);
    this.#waiting.clear();
    for (const block of blocks) await ask("GET", this.address(block, block));
    for (const resolve of this.#settled.splice(0)) resolve();
  }
}

function isSelected(block) {
  const selection = document.getSelection();
  return selection.rangeCount > 0 && !selection.isCollapsed && selection.containsNode(block, true);
}

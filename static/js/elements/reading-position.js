// Continue where you left: remembers the block at the top of the window and, on the next visit, offers to go there.

import { local } from "../page/drafts.js";
import { bringIntoView, headerHeight } from "../page/motion.js";
import { notice } from "../page/notices.js";
import { remember } from "../page/requests.js";

const SETTLED_MS = 900; // without scrolling

/**
 * @param {HTMLElement} main
 * @param {import("../text/article.js").ArticleText} article
 * @param {(path: string) => string} address
 */
export function keepPosition(main, article, address) {
  const isKnown = main.dataset.mayMark === "yes"; // signed in: the server keeps it
  const place = ["position", main.dataset.slug, main.dataset.number];
  const earlier = isKnown ? { ...main.dataset } : local.get(...place) ?? {};
  offer(article, Number(earlier.block), Number(earlier.offset) || 0);

  let kept = "";
  let waiting = 0;
  const keep = () => {
    clearTimeout(waiting);
    const here = atTop(article);
    if (!here || `${here.block} ${here.offset}` === kept) return;
    kept = `${here.block} ${here.offset}`;
    if (isKnown) remember(address("position/"), here);
    else local.set(here, ...place);
  };
  addEventListener("scroll", () => {
    clearTimeout(waiting);
    waiting = setTimeout(keep, SETTLED_MS);
  }, { passive: true });
  addEventListener("pagehide", () => kept !== "" && keep());
}

/** The block and the offset in it, in code points, at the upper edge of the window. */
function atTop(article) {
  const column = article.root.getBoundingClientRect();
  const x = column.left + Math.min(40, column.width / 2);
  const y = headerHeight() + 24;
  if (column.top > y) return { block: article.ordinal(0), offset: 0 };
  const caret = document.caretPositionFromPoint?.(x, y);
  const node = caret?.offsetNode ?? document.elementFromPoint(x, y);
  const block = article.blockOf(node) ?? article.blockOf(document.elementFromPoint(x, y + 30));
  if (!block) return null;
  const index = article.indexes.get(block.id);
  const offset = caret && block.contains(caret.offsetNode) ? article.offsetOf(caret.offsetNode, caret.offset) : null;
  return { block: article.ordinal(index), offset: Math.max(0, (offset ?? article.start(index)) - article.start(index)) };
}

/** Not a jump: readers may well want the beginning. */
function offer(article, block, offset) {
  const index = article.indexOf(block);
  if (!(block >= 0) || index < 1 || location.hash || scrollY > 40) return;
  const element = article.element(index);
  const start = Math.min(article.start(index) + offset, article.end(index) - 1);
  const range = article.range(start, start + 1) ?? element;
  if (range.getBoundingClientRect().top < innerHeight) return;
  const go = () => {
    bringIntoView(range, { block: "start", always: true });
    element.querySelector(".an")?.focus({ preventScroll: true });
  };
  notice("You have read part of this before.", { label: "Continue where you left", run: go }, { seconds: 20 });
}

// The strip beside the text: where in it the window stands.

import { onSwap } from "../page/swaps.js";

const HEIGHT = 1000; // units of the drawing

/**
 * @param {SVGElement} strip #strip
 * @param {import("../text/article.js").ArticleText} article
 */
export function followScrolling(strip, article) {
  let due = 0;
  const draw = () => {
    due = 0;
    const view = document.getElementById("strip")?.querySelector("rect.view");
    if (!view) return;
    const { top, height } = article.root.getBoundingClientRect();
    if (height <= 0) return;
    const from = Math.min(1, Math.max(0, -top / height));
    const to = Math.min(1, Math.max(from, (innerHeight - top) / height));
    view.setAttribute("y", String(Math.round(from * HEIGHT)));
    view.setAttribute("height", String(Math.max(4, Math.round((to - from) * HEIGHT))));
  };
  const schedule = () => {
    due ||= requestAnimationFrame(draw);
  };
  addEventListener("scroll", schedule, { passive: true });
  addEventListener("resize", schedule, { passive: true });
  onSwap((ids) => ids.has("strip") && schedule());
  schedule();
}

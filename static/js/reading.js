// The reading page: its parts, and how they hear of one another.

import { ArticleText } from "./text/article.js";
import { selectedPassage } from "./text/selection.js";
import { BlockGuard } from "./page/guard.js";
import { paintOn } from "./page/overlay.js";
import { ChosenPassage } from "./page/passage.js";
import { ask } from "./page/requests.js";
import { Attaching } from "./elements/attaching.js";
import { Cards } from "./elements/cards.js";
import { watchEditForms } from "./elements/edit-form.js";
import { Groups } from "./elements/groups.js";
import { followScrolling } from "./elements/heat-strip.js";
import { Live } from "./elements/live.js";
import { Margin } from "./elements/margin.js";
import { PassageMode } from "./elements/passage-mode.js";
import { keepPosition } from "./elements/reading-position.js";
import { isTouch } from "./elements/bar-placement.js";
import { SelectionBar } from "./elements/selection-bar.js";

const SUMMARY_MS = 400; // after the last change
const SETTLED_MS = { mouse: 120, touch: 250 }; // after the last change of the selection

/** @param {HTMLElement} main */
export function openReadingPage(main) {
  const article = new ArticleText(main.querySelector("article"));
  paintOn(article);
  const address = (path, query = {}) =>
    `${main.dataset.base}${path}?${new URLSearchParams({ ...query, whose: main.dataset.whose })}`;
  const chosen = new ChosenPassage(article);
  const list = main.querySelector("#cards");
  const groups = new Groups(list);
  const page = { main, article, chosen, groups, address };
  page.guard = new BlockGuard(article, (from, to) => address("blocks/", { from, to }));
  page.margin = new Margin(list, groups, article);
  page.cards = new Cards(main, page);
  page.mode = page.steps = new PassageMode(page);
  page.onSaved = (uid) => {
    const card = document.getElementById(`card-${uid}`);
    if (card && page.margin.mode === "margin") page.margin.pin(card);
  };
  const form = main.querySelector("#selection");
  const task = document.getElementById("attaching");
  if (task) page.bar = new Attaching(task, chosen);
  else page.bar = form ? new SelectionBar(form, page) : null;
  page.readSelection = page.bar ? watchSelection(page) : () => {};
  watchEditForms(page);
  if (page.bar) connectAnnotateLinks(page);
  refreshSummary(main, address);
  const strip = main.querySelector("#strip");
  if (strip) followScrolling(strip, article);

  // What is not needed for the first look waits until the page has been painted.
  const later = window.requestIdleCallback ?? ((run) => setTimeout(run, 50));
  later(() => {
    page.bar?.restoreDraft();
    keepPosition(main, article, address);
    page.cards.openFromAddress();
    const live = document.getElementById("live");
    if (live) page.live = new Live(live, page);
  });
  return page;
}

/** Follow the page's selection. Returns a function that looks at it now. */
function watchSelection({ main, article, chosen, bar }) {
  let waiting = 0;
  let isPressed = false;

  const read = () => {
    clearTimeout(waiting);
    const { activeElement } = document;
    // Fields have a selection of their own, and what was typed must not lose its passage.
    if (bar.isBusy || activeElement?.matches("input, textarea, select")) return;
    const passage = selectedPassage(article);
    if (passage) {
      const isSame = passage.start === chosen.current?.start && passage.end === chosen.current?.end;
      if (!isSame) chosen.select(passage);
    } else if (!chosen.isHeld) chosen.release();
  };
  const settle = () => {
    clearTimeout(waiting);
    if (!isPressed) waiting = setTimeout(read, isTouch() ? SETTLED_MS.touch : SETTLED_MS.mouse);
  };
  document.addEventListener("selectionchange", settle);
  main.addEventListener("pointerdown", ({ pointerType }) => {
    isPressed = pointerType === "mouse";
  });
  document.addEventListener("pointerup", () => {
    if (!isPressed) return;
    isPressed = false;
    clearTimeout(waiting);
    waiting = setTimeout(read, 0); // a click into the selection takes it away only now
  });
  document.addEventListener("pointercancel", () => {
    isPressed = false;
  });
  return read;
}

/** A block's Annotate link starts passage mode there; used again, it goes on to the tags. */
function connectAnnotateLinks({ article, mode, bar, chosen }) {
  article.root.addEventListener("click", (event) => {
    const link = event.target.closest("a.an");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const index = article.indexes.get(article.blockOf(link).id);
    const isHere = chosen.current && mode.isOn && article.at(chosen.current.start) === index;
    if (!isHere) mode.start(index);
    bar.open({ focus: isHere });
  });
}

/** Counts and the strip follow changes of marks, a little later and once for several. */
function refreshSummary(main, address) {
  let waiting = 0;
  document.addEventListener("marks-changed", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => ask("GET", address("summary/")), SUMMARY_MS);
  });
}

// Single keys. They can be switched off (html[data-keys="off"]) and are dead while somebody types.

import { announce } from "./page/announce.js";
import { isTaken } from "./page/by-keys.js";
import { bringIntoView, topLine } from "./page/motion.js";
import { noticed } from "./page/notices.js";
import { ask } from "./page/requests.js";
import { openHelp } from "./elements/help.js";

const SECOND_KEY_MS = 1500;

/** Keys of every page: search and help. */
export function connectSiteKeys() {
  document.addEventListener("keydown", (event) => {
    if (isTaken(event)) return;
    if (event.key === "/") {
      event.preventDefault();
      search();
    } else if (event.key === "?") {
      event.preventDefault();
      openHelp();
    }
  });
}

function search() {
  const field = document.querySelector('input[type="search"]');
  if (field) field.focus();
  else location.assign(document.querySelector("a[data-search]")?.href ?? "/?q=");
}

/**
 * Keys of the reading page.
 *
 * @param {{article: object, chosen: object, bar: ?object, mode: object, cards: object, main: HTMLElement}} page
 */
export function connectReadingKeys(page) {
  const { article, chosen, bar, mode, cards, main } = page;
  let wentTo = 0; // when `g` was pressed, the first half of `g d`

  document.addEventListener("keydown", (event) => {
    if (isTaken(event)) return;
    if (act(event)) event.preventDefault();
  });

  function act(event) {
    const { key } = event;
    page.readSelection(); // the key may come before the selection has been looked at
    const isButton = event.target.closest?.("a[href], button, summary, input, select");
    if (key === "Escape") return escape();
    const isSecond = event.timeStamp - wentTo < SECOND_KEY_MS;
    wentTo = 0;
    if (isSecond && key === "d") return done();
    if (mode.isOn && inPassageMode(event, isButton)) return true;
    if (bar?.key(key, event)) return true;
    if (bar && chosen.current && key === "Enter" && !isButton) {
      bar.open({ focus: true });
      return true;
    }
    const action = {
      s: () => bar && mode.start(),
      n: () => cards.go(1),
      p: () => cards.go(-1),
      j: () => step(1),
      k: () => step(-1),
      z: () => bar && undo(),
      g: () => (wentTo = event.timeStamp),
    }[key];
    if (!action) return false;
    action();
    return true;
  }

  function done() {
    const button = document.querySelector('#session-bar [data-do="done"]');
    if (button) button.click();
    else announce("There is nothing to finish here.");
    return true;
  }

  function escape() {
    if (bar?.isOpen) {
      bar.cancel();
      return true;
    }
    if (!mode.isOn && !chosen.current) return false;
    mode.leave();
    chosen.release();
    return true;
  }

  function inPassageMode(event, isButton) {
    const { key } = event;
    const onward = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (onward) {
      const direction = mode.isMirrored ? -onward : onward;
      if (event.shiftKey) mode.extendBySentence(direction);
      else mode.sentence(direction);
      return true;
    }
    const steps = { "]": [1], "[": [-1], "}": [1, "start"], "{": [-1, "start"] }[key];
    if (steps) {
      mode.word(...steps);
      return true;
    }
    const isAnnotate = isButton?.matches(".an");
    if (key === "Enter" && (!isButton || isAnnotate) && chosen.current) {
      bar.open({ focus: true });
      return true;
    }
    return false;
  }

  /** On to the next or previous block. */
  function step(direction) {
    if (mode.isOn) return mode.block(direction);
    const line = topLine();
    let low = 0;
    let high = article.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (article.element(middle).getBoundingClientRect().top < line - 2) low = middle + 1;
      else high = middle;
    }
    // `low` is the first block that begins at or below the line.
    const isThere = low < article.count && Math.abs(article.element(low).getBoundingClientRect().top - line) <= 3;
    const block = article.element(direction > 0 ? low + (isThere ? 1 : 0) : low - 1);
    if (!block) return announce(direction > 0 ? "End of the article." : "Beginning of the article.");
    bringIntoView(block, { block: "start", always: true });
  }

  async function undo() {
    const answer = await ask("POST", main.dataset.undoUrl, {
      values: { article: main.dataset.article, whose: main.dataset.whose, shown: main.dataset.revision },
    });
    if (answer.changed) announce("Taken back.");
    else announce(noticed() || "Nothing was taken back.");
  }
}

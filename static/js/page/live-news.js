// Brings what others have changed onto the page: the blocks, the cards and, a little later, the counts. One request for
// all that comes together, and never two at a time.
//
// The text does not move: blocks keep their words, a block with a selection waits (guard.js), and where cards stand
// between the blocks a first card waits until the reader asks. What somebody is typing is never replaced.

import { hide, show } from "./overlay.js";
import { ask } from "./requests.js";

const GATHER_MS = 6; // what comes within so long goes together
const OWN_MS = 250; // one's own changes are on the page already, or about to be
const FAR_MS = 1_500; // blocks that are not near the window, at most
const COUNTS_MS = [500, 1_000]; // after the last change
const SHOWN_MS = 4_000; // others' changes are painted for so long
const HANDLED_MS = 10_000;
const MOST_BLOCKS = 150;
const NEAR = 1.5; // windows above and below

export class LiveNews {
  #waiting = new Map(); // uid → what has happened to the mark since the page shows it
  #own = new Map(); // uid → times at which this page itself has changed the mark
  #held = new Map(); // uid → card that would move the text
  #timer = 0;
  #due = Infinity;
  #counting = 0;
  #isBusy = false;
  #doing = null; // the marks and the focus of the request that is on its way
  #asking = Promise.resolve(); // settles with the last request: what one swaps must not be taken for another's

  /**
   * @param {{main: HTMLElement, article: object, groups: object, margin: object}} page
   * @param {string} address of what is fresh
   * @param {{whose: string}} query
   */
  constructor(page, address, query) {
    this.page = page;
    this.address = address;
    this.query = query;
    this.isPaused = false;
    document.addEventListener("marks-changed", ({ detail }) => {
      if (!detail?.uid) return;
      this.#own.set(detail.uid, [...(this.#own.get(detail.uid) ?? []), Date.now()]);
    });
    document.addEventListener("htmx:oobBeforeSwap", (event) => this.#beforeSwap(event));
  }

  /** How many marks wait to be shown. */
  get waiting() {
    return this.#waiting.size + this.#held.size;
  }

  /** Take in one message about a mark. Several about one mark become one. */
  take({ uid, verb, was, now, own }) {
    const before = this.#waiting.get(uid);
    const blocks = new Set([...(before?.blocks ?? []), ...range(was), ...range(now)]);
    this.#waiting.set(uid, { uid, verb, own, blocks, at: Date.now() });
    this.#schedule(own ? OWN_MS : GATHER_MS);
  }

  /** Bring everything onto the page that waits. */
  async takeAll() {
    for (const card of this.#held.values()) this.page.groups.put(card);
    this.#held.clear();
    for (let before = Infinity; this.#waiting.size && this.#waiting.size < before; ) {
      before = this.#waiting.size;
      await this.#bring(true);
    }
  }

  #schedule(ms) {
    if (this.isPaused) return;
    const due = Date.now() + ms;
    if (due >= this.#due) return;
    this.#due = due;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#bring(), ms);
  }

  async #bring(isAsked = false) {
    clearTimeout(this.#timer);
    this.#due = Infinity;
    if (this.isPaused && !isAsked) return;
    if (this.#isBusy) {
      if (!isAsked) return; // goes on by itself
      await this.#isBusy;
    }
    let done;
    this.#isBusy = new Promise((resolve) => (done = resolve));
    const now = this.#choose(isAsked);
    if (now.length) await this.#fetch(now);
    this.#isBusy = false;
    done();
    const left = Array.from(this.#waiting.values());
    if (left.length) this.#schedule(now.length ? GATHER_MS : left.some(isYoung) ? OWN_MS : Math.random() * FAR_MS);
  }

  /** What to bring now: what is near the window or, when nothing is, what is not. Own changes are here already. */
  #choose(isAsked) {
    const near = [];
    const far = [];
    for (const one of this.#waiting.values()) {
      if (one.own && this.#hasDone(one.uid)) this.#waiting.delete(one.uid);
      else if (isYoung(one)) continue;
      else (isAsked || one.blocks.size === 0 || this.#isNear(one.blocks) ? near : far).push(one);
    }
    const wasFar = far.length && !near.length && far.every((one) => one.isFar);
    for (const one of far) one.isFar = true;
    const chosen = near.length ? near : wasFar ? far : [];
    const blocks = new Set();
    const fitting = chosen.filter((one) => {
      for (const block of one.blocks) blocks.add(block);
      return blocks.size <= MOST_BLOCKS || one === chosen[0];
    });
    for (const one of fitting) this.#waiting.delete(one.uid);
    return fitting;
  }

  #hasDone(uid) {
    const times = (this.#own.get(uid) ?? []).filter((at) => Date.now() - at < HANDLED_MS);
    const is = times.length > 0;
    this.#own.set(uid, times.slice(1));
    return is;
  }

  #isNear(blocks) {
    for (const block of blocks) {
      const box = document.getElementById(`b${block}`)?.getBoundingClientRect();
      if (box && box.bottom > -NEAR * innerHeight && box.top < (1 + NEAR) * innerHeight) return true;
    }
    return false;
  }

  async #fetch(news) {
    const blocks = new Set(news.flatMap((one) => Array.from(one.blocks)));
    const marks = news.map(({ uid }) => uid);
    await this.#ask({ blocks: ranges(blocks), marks: marks.join(",") });
    this.#paint(news.filter(({ own, verb }) => !own && verb !== "gone"));
    this.#countSoon();
    this.dispatch?.(news);
  }

  /** Ask for fragments, which htmx puts where they belong, and leave the focus where it is. */
  #ask(asked) {
    return (this.#asking = this.#asking.then(() => this.#askNow(asked)));
  }

  async #askNow(asked) {
    this.#doing = { cards: new Map() };
    const focus = rememberFocus();
    await ask("GET", `${this.address}?${new URLSearchParams({ ...this.query, ...asked })}`);
    focus();
    const { cards } = this.#doing;
    this.#doing = null;
    return cards;
  }

  #beforeSwap(event) {
    if (!this.#doing) return;
    const { target, fragment } = event.detail;
    if (target.id.startsWith("card-") && isAtWork(target)) event.detail.shouldSwap = false;
    if (target.id !== "incoming") return;
    for (const card of Array.from(fragment.querySelectorAll(".card[data-uid]"))) {
      this.#doing.cards.set(card.dataset.uid, card);
      const there = document.getElementById(card.id);
      if (there && isAtWork(there)) card.remove();
      else if (there?.classList.contains("open")) card.classList.add("open");
      else if (!there && this.#wouldMoveText(card.dataset.b)) {
        card.remove();
        this.#held.set(card.dataset.uid, card);
      }
    }
  }

  /** Whether the first card of a block would push down what the reader sees. */
  #wouldMoveText(block) {
    if (this.page.margin.mode !== "inline" || document.getElementById(`notes-${block}`)) return false;
    const box = document.getElementById(`b${block}`)?.getBoundingClientRect();
    return Boolean(box) && box.top < innerHeight;
  }

  #paint(news) {
    for (const { uid } of news) {
      const card = document.getElementById(`card-${uid}`) ?? this.#held.get(uid);
      if (!card?.dataset.start) continue;
      const key = `live ${uid}`;
      show("live", key, { start: Number(card.dataset.start), end: Number(card.dataset.end) });
      setTimeout(() => hide("live", key), SHOWN_MS);
    }
  }

  #countSoon() {
    clearTimeout(this.#counting);
    const [least, most] = COUNTS_MS;
    this.#counting = setTimeout(() => this.#ask({ counts: "yes" }), least + Math.random() * (most - least));
  }

  /** Everything anew: first what is near the window, then the rest, piece by piece. */
  async refresh() {
    this.#waiting.clear();
    const { article } = this.page;
    const all = Array.from({ length: article.count }, (_, index) => article.ordinal(index));
    const near = all.filter((block) => this.#isNear([block]));
    const far = all.filter((block) => !near.includes(block));
    for (const some of [...pieces(near), ...pieces(far)]) {
      const here = new Set(some.map(String));
      const cards = Array.from(document.querySelectorAll(".card[data-uid]")).filter(({ dataset }) => here.has(dataset.b));
      for (let at = 0; at < Math.max(1, cards.length); at += MOST_BLOCKS) {
        const marks = cards.slice(at, at + MOST_BLOCKS).map(({ dataset }) => dataset.uid);
        await this.#ask({ blocks: ranges(new Set(some)), marks: marks.join(","), all: at ? "no" : "yes" });
      }
    }
    this.#countSoon();
  }
}

/** Whether this may be one's own change whose answer is on its way. */
function isYoung({ own, at }) {
  return own && Date.now() - at < OWN_MS;
}

/** Whether somebody writes in a card. */
function isAtWork(card) {
  return card.classList.contains("editing") || card.querySelector("form, textarea") !== null;
}

/** Returns a function that gives the focus back to what stands where the focus was, if it was lost meanwhile. */
function rememberFocus() {
  const { activeElement } = document;
  const home = activeElement?.closest('.card[id], [id^="b"][data-start]');
  if (!home) return () => {};
  const find = (within) => [within, ...within.querySelectorAll("a[href], button, summary, [tabindex]")];
  const at = find(home).indexOf(activeElement);
  return () => {
    if (document.activeElement && document.activeElement !== document.body && document.activeElement.isConnected) return;
    const again = document.getElementById(home.id);
    if (again) (find(again)[at] ?? again).focus({ preventScroll: true });
  };
}

function range(blocks) {
  return blocks ? Array.from({ length: blocks[1] - blocks[0] + 1 }, (_, at) => blocks[0] + at) : [];
}

function pieces(blocks) {
  return Array.from({ length: Math.ceil(blocks.length / 100) }, (_, at) => blocks.slice(at * 100, at * 100 + 100));
}

/** "3,7-9" for the numbers 3, 7, 8, 9. */
function ranges(numbers) {
  const runs = [];
  for (const number of Array.from(numbers).sort((a, b) => a - b)) {
    if (runs.at(-1)?.[1] === number - 1) runs.at(-1)[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

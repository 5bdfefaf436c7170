// Cards and the marks they belong to: opening a card from the text, the passage from a card, and going from mark to mark.

import { announce } from "../page/announce.js";
import { bringIntoView, headerHeight } from "../page/motion.js";
import { hide, show } from "../page/overlay.js";
import { fragment } from "../page/requests.js";
import { onSwap } from "../page/swaps.js";
import { Picker } from "./picker.js";
import { Sheet } from "./sheet.js";

const UID = /^#?m([a-z0-9]{10})$/;

export class Cards {
  #open = ""; // id of the card in focus
  #isDown = false; // whether a pointer is pressed
  #waiting = null; // the card that took the focus while it was
  #left = ""; // id of the card that had the focus, itself or in a message about it, before something was swapped

  /**
   * @param {HTMLElement} main
   * @param {{article: object, groups: object, margin: object, address: (path: string) => string}} page
   */
  constructor(main, page) {
    this.page = page;
    this.picker = new Picker(main);
    this.sheet = new Sheet(main, page.groups, () => this.close());
    const { root } = page.article;
    root.addEventListener("click", (event) => this.#clickedText(event));
    main.addEventListener("click", (event) => this.#clickedCard(event));
    main.addEventListener("focusin", (event) => this.#focused(event));
    main.addEventListener("keydown", (event) => this.#pressed(event));
    document.addEventListener("pointerdown", (event) => {
      this.#isDown = true;
      this.#pressedElsewhere(event);
    });
    for (const kind of ["pointerup", "pointercancel"]) document.addEventListener(kind, () => this.#released());
    main.addEventListener("pointerover", (event) => {
      const card = event.pointerType === "mouse" && event.target.closest(".card[data-start]");
      if (card) show("focus", "hover", passageOf(card));
    });
    main.addEventListener("pointerout", (event) => {
      const card = event.target.closest(".card[data-start]");
      if (card && !card.contains(event.relatedTarget)) hide("focus", "hover");
    });
    document.addEventListener("htmx:beforeSwap", () => {
      const { activeElement } = document;
      const message = activeElement?.closest("#notices form[hx-target]");
      this.#left = activeElement?.closest(".card")?.id ?? message?.getAttribute("hx-target").slice(1) ?? "";
    });
    document.addEventListener("marks-changed", ({ detail }) => this.#changed(detail ?? {}));
    onSwap((ids) => this.#swapped(ids));
    addEventListener("hashchange", () => this.openFromAddress());
  }

  /** The card that is open, or null. */
  get current() {
    return this.#open ? document.getElementById(this.#open) : null;
  }

  /** Open a card: its passage is painted, it stands at its passage. */
  open(card, { focus = true } = {}) {
    if (this.#open !== card.id) this.close();
    this.#open = card.id;
    card.classList.add("open");
    const details = card.closest("details.inline-notes");
    if (details) details.open = true;
    show("focus", "card", passageOf(card));
    this.page.margin.pin(card);
    if (this.page.margin.mode === "margin") this.page.margin.place();
    if (focus) {
      card.focus({ preventScroll: true });
      if (!this.sheet.isOpen) bringIntoView(card);
    }
  }

  close() {
    const card = this.current;
    if (card && !card.classList.contains("editing")) card.classList.remove("open");
    this.#open = "";
    hide("focus", "card");
    this.page.margin.pin(null);
  }

  /** Open the card of a mark; fetches it when it is not on the page. Resolves to whether there is one. */
  async openMark(uid, { focus = true } = {}) {
    const segment = document.getElementById(`m${uid}`);
    const { article, groups, margin } = this.page;
    const name = `card-${uid}`;
    if (!document.getElementById(name) && segment) {
      const index = article.indexes.get(article.blockOf(segment)?.id);
      if (index === undefined) return false;
      await groups.load(article.ordinal(index), article.ordinal(index));
      if (!document.getElementById(name)) await this.#loadAt(article.offsetOf(segment, 0));
    }
    const card = document.getElementById(name);
    if (!card) return false;
    if (margin.mode === "sheet") this.#showInSheet([card]);
    else this.open(card, { focus });
    return true;
  }

  /** The card of the next or previous mark in the text. */
  async go(direction) {
    const marks = Array.from(this.page.article.root.querySelectorAll('[id^="m"]')).filter(({ id }) => UID.test(id));
    if (!marks.length) return announce("There are no marks yet.");
    const here = marks.findIndex(({ id }) => this.#open && `card-${id.slice(1)}` === this.#open);
    let at = here + direction;
    if (here < 0) {
      // Segments stand in the order of the text, so the first one in the window is found with a handful of looks.
      const top = headerHeight();
      let low = 0;
      let high = marks.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (marks[middle].getBoundingClientRect().top < top) low = middle + 1;
        else high = middle;
      }
      at = direction > 0 ? low : low - 1;
    }
    const mark = marks[at];
    if (!mark) return announce(direction > 0 ? "No further marks." : "No earlier marks.");
    bringIntoView(mark);
    await this.openMark(mark.id.slice(1));
  }

  /** When the address names a mark: its card, too. The browser itself has gone to the passage. */
  async openFromAddress() {
    const uid = UID.exec(location.hash)?.[1];
    const segment = uid && document.getElementById(`m${uid}`);
    if (!segment) return;
    await this.openMark(uid, { focus: false });
    bringIntoView(segment);
  }

  /** The cards of everything that lies at a position, shortest passage first. */
  async at(offset, expected = 1) {
    if (this.#covering(offset).length < expected) await this.#loadAt(offset);
    return this.#covering(offset);
  }

  #covering(offset) {
    const length = (card) => card.dataset.end - card.dataset.start;
    return Array.from(document.querySelectorAll(".card[data-uid]"))
      .filter((card) => Number(card.dataset.start) <= offset && offset < Number(card.dataset.end))
      .sort((a, b) => length(a) - length(b));
  }

  async #loadAt(offset) {
    const { article, groups, address } = this.page;
    const answer = await fragment(address(`at/${offset}/`));
    const cards = Array.from(answer?.querySelectorAll(".card[data-uid]") ?? []);
    const missing = cards.filter((card) => !document.getElementById(card.id));
    const blocks = new Set(missing.map((card) => article.ordinal(article.at(Number(card.dataset.start)))));
    await Promise.all(Array.from(blocks, (block) => groups.loadAll(block)));
  }

  async #clickedText(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const mark = event.target.closest("mark");
    if (!mark || event.target.closest("a[href]") || document.documentElement.dataset.marks === "off") return;
    if (!document.getSelection().isCollapsed) return; // the reader was selecting
    const cards = await this.at(this.page.article.offsetOf(mark, 0), Number(mark.dataset.n || 1));
    if (!cards.length) announce("No mark lies here any more.");
    else if (this.page.margin.mode === "sheet") this.#showInSheet(cards);
    else if (cards.length === 1) this.open(cards[0]);
    else {
      const look = (card) => (card ? show("focus", "hover", passageOf(card)) : hide("focus", "hover"));
      this.picker.show(cards, mark, (card) => this.open(card), look);
    }
  }

  #showInSheet(cards) {
    const { start, end } = passageOf(cards[0]);
    this.close();
    this.sheet.show(cards, this.page.article.range(start, end));
    this.open(cards[0]);
  }

  #clickedCard(event) {
    const card = event.target.closest(".card[data-uid]");
    if (!card) return;
    const quote = event.target.closest('.q a[href^="#m"]');
    if (quote) {
      const { start, end } = passageOf(card);
      const range = this.page.article.range(start, end);
      if (range) {
        event.preventDefault();
        history.replaceState(history.state, "", quote.hash);
        bringIntoView(range, { below: this.sheet.isOpen ? this.sheet.dialog.offsetHeight : 0 });
      }
    }
    if (event.target.closest("a, button, input, textarea, select, label")) return;
    if (document.getSelection().isCollapsed) this.open(card, { focus: !card.contains(document.activeElement) });
  }

  #focused(event) {
    const card = event.target.closest(".card[data-uid]");
    if (!card || this.#open === card.id) return;
    // Opening moves the card: what is being pressed must not slip away before it is a click.
    if (this.#isDown) this.#waiting = card;
    else this.open(card, { focus: false });
  }

  #released() {
    this.#isDown = false;
    const card = this.#waiting;
    this.#waiting = null;
    if (card) setTimeout(() => card.isConnected && this.#open !== card.id && this.open(card, { focus: false }), 0);
  }

  #pressed(event) {
    if (event.key !== "Escape" || event.defaultPrevented || this.sheet.isOpen) return;
    const card = event.target.closest?.(".card[data-uid]");
    if (!card || card.classList.contains("editing")) return;
    event.preventDefault();
    const { article } = this.page;
    const block = article.element(article.at(Number(card.dataset.start)));
    this.close();
    block?.querySelector(".an")?.focus({ preventScroll: true });
    if (block) bringIntoView(block);
  }

  #pressedElsewhere(event) {
    const within = event.target.closest?.(".card, #selection, #notices, #sheet, #here, mark");
    if (this.#open && !within && !this.current?.classList.contains("editing")) this.close();
  }

  #changed({ uid, verb }) {
    const name = `card-${uid}`;
    if (verb !== "deleted" || this.#left !== name) return;
    if (this.#open === name) this.close();
    // The next key of somebody who works without a mouse goes to Undo.
    setTimeout(() => document.querySelector("#notices button")?.focus(), 0);
  }

  #swapped(ids) {
    if (ids.has(this.#left) && this.#left !== this.#open && document.activeElement === document.body) {
      document.getElementById(this.#left)?.focus({ preventScroll: true }); // which opens it
    }
    const card = this.current;
    const touched = Array.from(ids).some((id) => id === this.#open || card?.closest(".group")?.id === id);
    if (!touched) return;
    if (!card) return this.close();
    card.classList.add("open");
    show("focus", "card", passageOf(card));
    if (this.#left === this.#open && document.activeElement === document.body) card.focus({ preventScroll: true });
  }
}

function passageOf(card) {
  return { start: Number(card.dataset.start), end: Number(card.dataset.end) };
}

// Where the groups of cards stand: in the margin beside their passages on wide windows, folded in after their block on
// middling ones, and on phones at home in the list, from which the sheet takes what is asked for.

import { onSwap } from "../page/swaps.js";
import { stack } from "../text/stacking.js";

const GAP = 10; // CSS pixels between two groups
const NEAR = 2; // windows above and below in which groups are placed and fetched

export class Margin {
  #near = new Set(); // pieces of text (runs, or blocks where there are none) that are near the window
  #pieces = new Map(); // piece → [first, last] index of its blocks
  #due = 0;
  #pinned = ""; // id of the card in focus

  /**
   * @param {HTMLElement} list #cards
   * @param {import("./groups.js").Groups} groups
   * @param {import("../text/article.js").ArticleText} article
   */
  constructor(list, groups, article) {
    this.list = list;
    this.groups = groups;
    this.article = article;
    this.wide = matchMedia("print, (min-width: 72rem)"); // on paper all cards are at home in the list
    this.middling = matchMedia("(min-width: 40rem)");
    this.sizes = typeof ResizeObserver === "function" ? new ResizeObserver(() => this.#schedule()) : null;
    this.sizes?.observe(article.root);
    for (const query of [this.wide, this.middling]) query.addEventListener("change", () => this.#arrange());
    groups.addEventListener("change", () => this.#arrange());
    addEventListener("resize", () => this.#schedule(), { passive: true });
    document.fonts?.ready.then(() => this.#schedule());
    document.addEventListener("toggle", () => this.#schedule(), true);
    onSwap(() => this.#schedule());
    this.#watch();
    this.#arrange();
  }

  /** "margin", "inline" or "sheet". */
  get mode() {
    if (this.wide.matches) return "margin";
    return this.middling.matches ? "inline" : "sheet";
  }

  /** The card that stands exactly at its passage while its neighbours give way; "" for none. */
  pin(card) {
    const id = card?.id ?? "";
    if (this.#pinned === id) return;
    this.#pinned = id;
    this.#schedule();
  }

  /** Place groups now. Reads the layout once, then writes. */
  place() {
    cancelAnimationFrame(this.#due);
    this.#due = 0;
    if (this.mode !== "margin") return;
    const groups = this.#groupsToPlace();
    const origin = this.list.getBoundingClientRect().top;
    const items = [];
    let pinned = -1;
    for (const group of groups) {
      const card = group.querySelector(`.card[id="${CSS.escape(this.#pinned)}"]`);
      const first = card ?? group.querySelector(".card");
      const passage = document.getElementById(`m${first.dataset.uid}`) ?? document.getElementById(`b${group.dataset.b}`);
      if (!passage) continue;
      let want = passage.getBoundingClientRect().top - origin;
      if (card) {
        pinned = items.length;
        want -= card.offsetTop;
      }
      items.push({ group, want, height: group.offsetHeight });
    }
    const tops = stack(items, GAP, pinned);
    items.forEach(({ group }, at) => {
      group.style.transform = `translateY(${Math.round(tops[at])}px)`;
    });
    const end = Math.max(0, ...items.map(({ height }, at) => tops[at] + height));
    if (end > (parseFloat(this.list.style.minHeight) || 0)) this.list.style.minHeight = `${Math.ceil(end)}px`;
  }

  /** Groups near the window, and those that never had a place. */
  #groupsToPlace() {
    return this.groups.all().filter((group) => {
      if (group.hidden || group.parentElement !== this.list) return false;
      return !group.style.transform || !this.#pieces.size || this.#isNear(Number(group.dataset.b));
    });
  }

  #isNear(ordinal) {
    const index = this.article.indexOf(ordinal);
    for (const piece of this.#near) {
      const [first, last] = this.#pieces.get(piece);
      if (first <= index && index <= last) return true;
    }
    return false;
  }

  #schedule() {
    this.#due ||= requestAnimationFrame(() => this.place());
  }

  /** Put every group where the width of the window wants it. */
  #arrange() {
    const { mode, list, groups } = this;
    const isMargin = mode === "margin";
    if (list.dataset.mode !== mode) {
      list.dataset.mode = mode;
      list.classList.toggle("placed", isMargin);
      groups.bringHome();
      for (const details of this.article.root.querySelectorAll("details.inline-notes")) details.remove();
      list.style.removeProperty("min-height");
      for (const group of groups.all()) group.style.removeProperty("transform");
    }
    if (mode === "inline") groups.all().forEach((group) => this.#foldIn(group));
    if (isMargin && this.sizes) groups.all().forEach((group) => this.sizes.observe(group));
    const empty = list.parentElement?.querySelector(":scope > .empty");
    if (empty) empty.hidden = groups.all().some((group) => !group.hidden);
    if (isMargin) this.#schedule();
  }

  /** Into <details> after its block, or after the list, table or quotation that its block is in. */
  #foldIn(group) {
    const { b } = group.dataset;
    let details = document.getElementById(`notes-${b}`);
    const number = group.querySelectorAll(".card").length;
    if (!number) {
      if (details) {
        this.list.append(group);
        details.remove();
      }
      return;
    }
    if (!details) {
      const after = this.#outermost(document.getElementById(`b${b}`));
      if (!after) return;
      details = document.createElement("details");
      details.id = `notes-${b}`;
      details.className = "inline-notes";
      details.dataset.b = b;
      details.lang = "en";
      details.dir = "ltr";
      details.append(document.createElement("summary"), document.createElement("ol"));
      details.lastChild.className = "cards";
      let place = after;
      while (place.nextElementSibling?.matches(".inline-notes") && Number(place.nextElementSibling.dataset.b) < Number(b)) {
        place = place.nextElementSibling;
      }
      place.after(details);
    }
    details.firstChild.textContent = number === 1 ? "1 mark" : `${number} marks`;
    if (group.parentElement !== details.lastChild) details.lastChild.append(group);
  }

  #outermost(block) {
    let element = block;
    while (element && !element.parentElement?.matches(".run, .blocks, .lead, article")) element = element.parentElement;
    return element;
  }

  #watch() {
    const { article } = this;
    const runs = Array.from(article.root.querySelectorAll(".run"));
    const inRuns = new Set();
    for (const run of runs) {
      const blocks = run.querySelectorAll('[id^="b"][data-start]');
      if (!blocks.length) continue;
      this.#pieces.set(run, [article.indexes.get(blocks[0].id), article.indexes.get(blocks[blocks.length - 1].id)]);
      blocks.forEach((block) => inRuns.add(block.id));
    }
    const lead = article.root.querySelector(".lead") ?? article.root.querySelector(".head");
    const before = article.ids.findIndex((id) => inRuns.has(id));
    if (lead && before > 0) this.#pieces.set(lead, [0, before - 1]);
    if (typeof IntersectionObserver !== "function") return;
    const observer = new IntersectionObserver((entries) => this.#moved(entries), { rootMargin: `${NEAR * 100}% 0px` });
    for (const piece of this.#pieces.keys()) observer.observe(piece);
  }

  #moved(entries) {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) this.#near.delete(target);
      else {
        this.#near.add(target);
        const [first, last] = this.#pieces.get(target);
        this.groups.load(this.article.ordinal(first), this.article.ordinal(last));
      }
    }
    if (this.mode === "margin") this.#schedule();
  }
}

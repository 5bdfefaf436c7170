// The groups of cards, one per block in which marks begin. Each is an <li id="n3" data-b="3"> whose home is the list
// #cards, in the order of the text. The first come with the page, the rest when their blocks come near. A card that is
// new arrives in #incoming and is put into its group from there.

import { fragment } from "../page/requests.js";
import { onSwap } from "../page/swaps.js";

const MOST_AT_ONCE = 100; // blocks in one request

export class Groups extends EventTarget {
  #loaded = new Set(); // numbers of blocks whose cards are on the page, or on their way
  #isChanged = false;

  /** @param {HTMLElement} list #cards */
  constructor(list) {
    super();
    this.list = list;
    this.incoming = document.getElementById("incoming");
    this.ordinals = Array.from(list.querySelectorAll(".group"), (group) => Number(group.dataset.b));
    for (let b = Number(list.dataset.from); b <= Number(list.dataset.to); b += 1) this.#loaded.add(b);
    this.ordinals.forEach((ordinal) => this.#nameCards(this.element(ordinal)));
    onSwap((ids) => this.#swapped(ids));
    document.addEventListener("marks-changed", () => this.#takeIn());
  }

  /** The group of the block with that number, or null. */
  element(ordinal) {
    return document.getElementById(`n${ordinal}`);
  }

  /** All groups on the page in the order of the text. */
  all() {
    return this.ordinals.map((ordinal) => this.element(ordinal)).filter(Boolean);
  }

  /** Put a card where it belongs: into the group of its block, in the order of the text. */
  put(card) {
    const group = this.element(card.dataset.b) ?? this.#place(emptyGroup(card.dataset.b));
    let cards = group.querySelector(":scope > ol");
    if (!cards) {
      cards = document.createElement("ol");
      group.prepend(cards);
    }
    const others = Array.from(cards.children).filter((other) => other !== card);
    const older = others.find((other) => other.id === card.id);
    const left = card.closest(".group");
    if (older) older.replaceWith(card);
    else cards.insertBefore(card, others.find((other) => comesBefore(card, other)) ?? null);
    for (const touched of new Set([left, group])) if (touched) this.#dress(touched);
  }

  /** Fetch the cards of the blocks from number `from` to `to` as far as they are not here yet. */
  async load(from, to) {
    const wanted = [];
    for (let b = from; b <= to; b += 1) if (!this.#loaded.has(b)) wanted.push(b);
    wanted.forEach((b) => this.#loaded.add(b));
    const asked = [];
    for (let at = 0; at < wanted.length; at += MOST_AT_ONCE) {
      const some = wanted.slice(at, at + MOST_AT_ONCE);
      asked.push(this.#fetch(some[0], some.at(-1)).then((came) => came || some.forEach((b) => this.#loaded.delete(b))));
    }
    await Promise.all(asked);
  }

  /** Fetch every card of one block, those included that the server folds away at first or that have come since. */
  async loadAll(ordinal) {
    await this.#fetch(ordinal, ordinal, "&all=yes");
  }

  /** Bring every group home into the list. */
  bringHome() {
    this.list.append(...this.all());
  }

  async #fetch(from, to, query = "") {
    const { cardsUrl } = this.list.dataset;
    const answer = await fragment(`${cardsUrl}${cardsUrl.includes("?") ? "&" : "?"}from=${from}&to=${to}${query}`);
    if (!answer) return false;
    for (const group of Array.from(answer.querySelectorAll("li.group"))) {
      const there = this.element(group.dataset.b);
      if (there) this.#merge(there, group);
      else this.#place(group);
      window.htmx?.process(this.element(group.dataset.b));
    }
    this.#heed();
    return true;
  }

  /** Add what is missing; cards that are on the page are as new or newer, and the reader may be at work in them. */
  #merge(there, fetched) {
    for (const card of Array.from(fetched.querySelectorAll(".card"))) {
      if (!document.getElementById(card.id)) this.put(card);
    }
    there.querySelector(":scope > .more-cards")?.remove();
    const more = fetched.querySelector(":scope > .more-cards");
    if (more) there.append(more);
  }

  #place(group) {
    const ordinal = Number(group.dataset.b);
    if (!this.ordinals.includes(ordinal)) {
      const at = this.ordinals.findIndex((other) => other > ordinal);
      this.ordinals.splice(at < 0 ? this.ordinals.length : at, 0, ordinal);
    }
    const next = this.ordinals
      .slice(this.ordinals.indexOf(ordinal) + 1)
      .map((other) => this.element(other))
      .find((other) => other?.parentElement === this.list);
    this.list.insertBefore(group, next ?? null);
    this.#dress(group);
    return group;
  }

  #swapped(ids) {
    this.#takeIn();
    for (const id of ids) {
      const element = document.getElementById(id);
      if (/^n\d+$/.test(id) && element) this.#dress(element);
      if (id.startsWith("card-")) {
        const group = element?.closest(".group");
        // Its passage may begin in another block than before.
        if (group && element.dataset.b && group.dataset.b !== element.dataset.b) this.put(element);
        else if (group) this.#dress(group);
        else this.all().forEach((one) => one.querySelector(".card") || this.#dress(one)); // a card has gone
      }
      // The first segment of a mark names its card, and segments are new when their block is.
      if (/^b\d+$/.test(id)) this.#nameCards(this.element(Number(id.slice(1))));
    }
  }

  #takeIn() {
    for (const card of Array.from(this.incoming?.querySelectorAll(".card") ?? [])) this.put(card);
  }

  #dress(group) {
    group.hidden = !group.querySelector(".card");
    this.#nameCards(group);
    this.#heed();
  }

  #nameCards(group) {
    for (const card of group?.querySelectorAll(".card[data-uid]") ?? []) {
      document.getElementById(`m${card.dataset.uid}`)?.setAttribute("aria-details", card.id);
    }
  }

  /** Tell listeners, once for everything that changes at a time. */
  #heed() {
    if (this.#isChanged) return;
    this.#isChanged = true;
    queueMicrotask(() => {
      this.#isChanged = false;
      this.dispatchEvent(new Event("change"));
    });
  }
}

function emptyGroup(ordinal) {
  const group = document.createElement("li");
  group.id = `n${ordinal}`;
  group.className = "group";
  group.dataset.b = ordinal;
  return group;
}

function comesBefore(card, other) {
  const by = (name) => Number(card.dataset[name]) - Number(other.dataset[name]);
  return by("start") < 0 || (by("start") === 0 && by("end") > 0);
}

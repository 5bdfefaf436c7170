// The sheet at the bottom of small windows: the cards of what was tapped, the passage visible above them. Cards are
// moved in, not copied, so that everything that works in the list works here.

import { bringIntoView } from "../page/motion.js";
import { onSwap } from "../page/swaps.js";

export class Sheet {
  #homes = new Map(); // id of a card → the comment that keeps its place in its group
  #opener = null;

  /**
   * @param {HTMLElement} main
   * @param {import("./groups.js").Groups} groups
   * @param {() => void} onClose
   */
  constructor(main, groups, onClose) {
    this.groups = groups;
    this.onClose = onClose;
    this.dialog = main.querySelector("#sheet") ?? main.appendChild(document.createElement("dialog"));
    this.dialog.id = "sheet";
    this.dialog.className = "sheet";
    this.dialog.setAttribute("aria-label", "Marks on this passage");
    const close = document.createElement("button");
    Object.assign(close, { type: "button", className: "button quiet close", textContent: "Close" });
    close.addEventListener("click", () => this.close());
    this.cards = document.createElement("ol");
    this.cards.className = "cards";
    this.dialog.replaceChildren(close, this.cards);
    this.dialog.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      event.stopPropagation();
      this.close();
    });
    onSwap((ids) => this.isOpen && this.#reconcile(ids));
  }

  get isOpen() {
    return this.dialog.open;
  }

  /** Show these cards, in this order, and keep `passage` (a Range or element) in view above them. */
  show(cards, passage) {
    this.#return();
    this.#opener ??= document.activeElement;
    for (const card of cards) {
      const home = document.createComment(card.id);
      card.replaceWith(home);
      this.#homes.set(card.id, home);
      this.cards.append(card);
    }
    if (!this.isOpen) this.dialog.show();
    this.dialog.scrollTop = 0;
    if (passage) bringIntoView(passage, { below: this.dialog.offsetHeight });
    cards[0]?.focus({ preventScroll: true });
  }

  close() {
    if (!this.isOpen) return;
    const hadFocus = this.dialog.contains(document.activeElement);
    this.#return();
    this.dialog.close();
    if (hadFocus && this.#opener?.isConnected) this.#opener.focus({ preventScroll: true });
    this.#opener = null;
    this.onClose();
  }

  /** Cards go back to where they belong. */
  #return() {
    for (const home of this.#homes.values()) home.remove();
    this.#homes.clear();
    for (const card of Array.from(this.cards.children)) this.groups.put(card);
  }

  /** After a change the group holds the newer card, or none when the mark is gone. */
  #reconcile(ids) {
    if (!Array.from(ids).some((id) => /^(n\d+|card-.+)$/.test(id))) return;
    for (const [id, home] of this.#homes) {
      const here = this.cards.querySelector(`[id="${CSS.escape(id)}"]`);
      if (home.isConnected && here) continue;
      const newer = Array.from(document.querySelectorAll(`[id="${CSS.escape(id)}"]`)).find((card) => card !== here);
      if (!newer) {
        here?.remove();
        this.#homes.delete(id);
        continue;
      }
      const place = document.createComment(id);
      newer.replaceWith(place);
      this.#homes.set(id, place);
      if (here) here.replaceWith(newer);
      else this.cards.append(newer);
      if (document.activeElement === document.body) newer.focus({ preventScroll: true });
    }
    if (!this.cards.children.length) this.close();
  }
}

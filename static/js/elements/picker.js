// Several marks lie under one click: a short list of them beside it, shortest passage first.

const GAP = 6; // CSS pixels

export class Picker {
  #opener = null;

  /** @param {HTMLElement} main */
  constructor(main) {
    this.dialog = document.createElement("dialog");
    this.dialog.id = "here";
    this.dialog.className = "picker";
    this.dialog.setAttribute("aria-label", "Marks on this passage, shortest first");
    main.append(this.dialog);
    this.dialog.addEventListener("keydown", (event) => this.#pressed(event));
    document.addEventListener("pointerdown", (event) => this.dialog.contains(event.target) || this.close());
  }

  get isOpen() {
    return this.dialog.open;
  }

  /**
   * @param {HTMLElement[]} cards
   * @param {Element} beside
   * @param {(card: HTMLElement) => void} choose
   * @param {(card: ?HTMLElement) => void} look called with the card that is pointed at
   */
  show(cards, beside, choose, look) {
    this.#opener = document.activeElement;
    const list = document.createElement("ol");
    list.className = "cards";
    for (const card of cards) {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "item";
      const tags = card.querySelector(".tags")?.cloneNode(true) ?? "";
      const who = document.createElement("span");
      who.textContent = card.querySelector(".by b")?.textContent ?? "";
      const quote = document.createElement("span");
      quote.className = "q";
      quote.dir = "auto";
      quote.textContent = shortened(card.querySelector(".q")?.textContent.trim() ?? "");
      button.append(...[tags && inline(tags), who, quote].filter(Boolean));
      button.addEventListener("click", () => {
        this.close();
        choose(card);
      });
      for (const kind of ["pointerenter", "focus"]) button.addEventListener(kind, () => look(card));
      item.append(button);
      list.append(item);
    }
    this.dialog.replaceChildren(list);
    if (!this.dialog.open) this.dialog.show();
    this.#place(beside);
    list.querySelector("button").focus({ preventScroll: true });
    this.look = look;
  }

  close() {
    if (!this.dialog.open) return;
    this.dialog.close();
    this.look?.(null);
  }

  #place(beside) {
    const { style } = this.dialog;
    Object.assign(style, { position: "fixed", margin: "0", inset: "auto", left: "0", top: "0" });
    const box = Array.from(beside.getClientRects()).at(-1) ?? beside.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.dialog;
    const below = box.bottom + GAP + height <= innerHeight;
    style.left = `${Math.max(GAP, Math.min(box.left, document.documentElement.clientWidth - width - GAP))}px`;
    style.top = `${below ? box.bottom + GAP : Math.max(GAP, box.top - GAP - height)}px`;
  }

  #pressed(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.close();
      if (this.#opener?.isConnected) this.#opener.focus({ preventScroll: true });
      return;
    }
    const buttons = Array.from(this.dialog.querySelectorAll("button"));
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    buttons.at((buttons.indexOf(document.activeElement) + step) % buttons.length)?.focus();
  }
}

/** A paragraph of chips as a span, which a button may hold. */
function inline(tags) {
  const span = document.createElement("span");
  span.className = "tags";
  span.append(...tags.childNodes);
  return span;
}

function shortened(words) {
  const letters = Array.from(words);
  return letters.length > 90 ? `${letters.slice(0, 89).join("").trimEnd()}…` : words;
}

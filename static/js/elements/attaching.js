// Attaching a mark that has lost its passage: the words that are chosen go into the form above the page. It stands
// where the bar for new marks stands otherwise, and answers to the same calls.

export class Attaching {
  /**
   * @param {HTMLElement} section #attaching
   * @param {import("../page/passage.js").ChosenPassage} chosen
   */
  constructor(section, chosen) {
    this.section = section;
    this.form = section.querySelector("form");
    this.button = this.form.querySelector("button");
    chosen.addEventListener("change", () => this.#follow(chosen));
    // A press on the button takes the selection with it; a held passage stays.
    section.addEventListener("pointerdown", () => chosen.current && chosen.hold(chosen.current));
    section.addEventListener("focusin", () => chosen.current && chosen.hold(chosen.current));
  }

  get isOpen() {
    return false;
  }

  get isBusy() {
    return this.section.contains(document.activeElement);
  }

  open({ focus = false } = {}) {
    if (focus) this.button.focus();
  }

  key() {
    return false;
  }

  restoreDraft() {}

  #follow({ current, exact }) {
    const { start, end, exact: words } = this.form.elements;
    this.button.disabled = !current;
    start.value = current?.start ?? "";
    end.value = current?.end ?? "";
    words.value = exact;
  }
}

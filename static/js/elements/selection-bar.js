// The bar with the codebook's tags that appears for a chosen passage, and saving what was chosen there.

import { announce } from "../page/announce.js";
import { MarkDrafts } from "../page/drafts.js";
import { isSame, newKey, send, whyNotSaved } from "../page/marks.js";
import { notice } from "../page/notices.js";
import { hide, show } from "../page/overlay.js";
import { isTouch, place } from "./bar-placement.js";
import { copyQuote } from "./quotation.js";

export class SelectionBar {
  #collected = new Set(); // values of tags that are chosen but not sent
  #failed = null; // the mark of the last failed attempt
  #key = newKey();
  #resting = 0;

  /**
   * @param {HTMLFormElement} form
   * @param {{article: object, chosen: object, guard: object, steps: object, onSaved: (uid: string) => void}} page
   */
  constructor(form, page) {
    this.form = form;
    this.page = page;
    this.drafts = new MarkDrafts(form.elements.revision.value);
    this.note = form.elements.note;
    this.noteRow = form.querySelector(".note-row");
    this.problem = form.querySelector(".problem");
    this.definition = form.querySelector(".definition");
    this.hardCases = new Map(); // by address, what was asked for already
    this.explained = null; // the tag whose definition shows
    this.tags = Array.from(form.querySelectorAll('button[name="tags"]'));
    for (const tag of this.tags) {
      tag.setAttribute("aria-pressed", "false");
      tag.removeAttribute("title"); // its definition is shown in the bar
    }
    const discard = document.createElement("button");
    Object.assign(discard, { type: "button", className: "button quiet", textContent: "Discard" });
    discard.dataset.do = "discard";
    this.problem.append(discard);
    page.chosen.addEventListener("change", () => this.#follow());
    // Before htmx sees it: this module sends, so that several marks can be on their way at once.
    form.parentElement.addEventListener("submit", (event) => this.#submitted(event), true);
    form.addEventListener("click", (event) => this.#clicked(event));
    form.addEventListener("keydown", (event) => this.#pressed(event));
    form.addEventListener("input", () => this.#keepDraft());
    // A press on the bar must not take the selection away.
    form.addEventListener("mousedown", (event) => event.target.closest("textarea") || event.preventDefault());
    for (const kind of ["pointerover", "focusin"]) form.addEventListener(kind, (event) => this.#explain(event));
    const settle = () => {
      clearTimeout(this.#resting);
      if (!form.hidden) this.#resting = setTimeout(() => this.#place(), 120);
    };
    addEventListener("scroll", settle, { passive: true });
    addEventListener("resize", settle, { passive: true });
    this.#rove(this.#buttons()[0]);
  }

  get isOpen() {
    return !this.form.hidden;
  }

  /** Whether something was typed or collected that a new selection must not sweep away. */
  get isBusy() {
    return this.isOpen && (this.note.value.trim() !== "" || this.form.contains(document.activeElement));
  }

  /** Show the bar for the chosen passage; with `focus` the keyboard goes there. */
  open({ focus = false } = {}) {
    if (!this.page.chosen.current) return;
    this.form.hidden = false;
    this.#place();
    if (focus) this.#focus(this.#buttons()[0]);
  }

  /** Whether the bar did something with this key. */
  key(key, event) {
    if (!this.page.chosen.current) return false;
    if (key === "n") {
      this.openNote();
      return true;
    }
    const tag = this.tags.find((button) => button.dataset.key?.toLowerCase() === key.toLowerCase());
    if (!tag) return false;
    if (event.shiftKey || !this.noteRow.hidden) this.#collect(tag);
    else this.#choose(tag);
    return true;
  }

  openNote() {
    // The field takes the selection with it, so the passage is held from here on.
    this.page.chosen.hold(this.page.chosen.current);
    this.form.hidden = false;
    this.#showNote(true);
    this.#place();
    this.note.focus({ preventScroll: true });
  }

  /** Close without saving. What was typed can be brought back. */
  cancel() {
    const mark = this.#mark();
    const had = this.form.contains(document.activeElement);
    const { current } = this.page.chosen;
    this.page.chosen.release();
    if (mark?.note.trim()) {
      notice("The note was not saved.", { label: "Bring it back", run: () => this.restore(mark, "") });
    } else if (mark) this.drafts.drop(mark.key);
    if (had) this.#returnFocus(current);
  }

  /** Bring back a mark that has not been saved. */
  restore(mark, message, { failed = false } = {}) {
    this.page.chosen.hold(mark);
    this.#key = mark.key;
    this.#failed = failed ? mark : null;
    this.note.value = mark.note;
    this.form.elements.visibility.value = mark.visibility ?? "";
    this.#paintVisibility();
    this.#collected = new Set(mark.tags);
    this.#paintTags();
    this.#showNote(mark.note !== "");
    this.#say(message, failed);
    this.open();
  }

  /** What an earlier visit left unsaved. */
  restoreDraft() {
    const mark = this.drafts.all().findLast((draft) => this.page.article.slice(draft.start, draft.end) === draft.exact);
    if (mark) this.restore(mark, mark.note ? "Unsaved note restored." : "Unsaved mark restored.", { failed: mark.tried });
  }

  /** Save the chosen passage with these tags. */
  async save(tags = this.#collected) {
    const { chosen, guard } = this.page;
    const mark = this.#mark(tags);
    if (!mark) return;
    const needs = this.tags.find((tag) => mark.tags.includes(tag.value) && tag.dataset.noteRequired === "yes");
    if (needs && !mark.note.trim()) {
      this.#collected = new Set(mark.tags);
      this.#paintTags();
      this.openNote();
      this.#say(`“${needs.dataset.name}” needs a note.`, false);
      return;
    }
    if (!mark.tags.length && !mark.note.trim()) {
      this.#say("Choose a tag or write a note first.", false);
      return;
    }
    if (this.#failed && !isSame(this.#failed, mark)) {
      this.drafts.drop(mark.key);
      mark.key = newKey(); // another mark than the one that may have arrived after all
    }
    const names = this.tags.filter((tag) => mark.tags.includes(tag.value)).map((tag) => tag.dataset.name);
    const passage = { start: mark.start, end: mark.end };
    const hadFocus = this.form.contains(document.activeElement);
    this.drafts.keep({ ...mark, tried: true });
    chosen.release();
    show("pending", mark.key, passage);
    if (hadFocus) this.#returnFocus(passage);
    const { revision, whose } = this.form.elements;
    const answer = await send(this.form.getAttribute("action"), mark, revision.value, whose.value);
    if (!answer.changed) {
      hide("pending", mark.key);
      this.#notSaved(mark, answer);
      return;
    }
    this.drafts.drop(mark.key);
    announce(names.length ? `Marked: ${names.join(", ")}.` : "Marked with a note.");
    this.page.onSaved(answer.changed.uid);
    await guard.settled(passage);
    hide("pending", mark.key);
  }

  #notSaved(mark, answer) {
    const message = whyNotSaved(answer);
    const again = () => this.restore(mark, message, { failed: true });
    if (this.page.chosen.current) notice("A mark was not saved. It is kept.", { label: "Show it", run: again }, { seconds: 60 });
    else again();
    announce(message);
  }

  /** The mark as it stands in the bar; null without a passage. */
  #mark(tags = this.#collected) {
    const { current, exact } = this.page.chosen;
    if (!current) return null;
    const { visibility } = this.form.elements;
    return { key: this.#key, ...current, exact, tags: Array.from(tags), note: this.note.value, visibility: visibility.value };
  }

  #follow() {
    const { current, isHeld } = this.page.chosen;
    if (!current) {
      this.form.hidden = true;
      this.#reset();
    } else if (this.isOpen) {
      this.#place();
      this.#keepDraft();
    } else if (!isHeld) this.open();
  }

  #reset() {
    this.#collected.clear();
    this.#failed = null;
    this.#key = newKey();
    this.note.value = "";
    this.#paintTags();
    this.#showNote(false);
    this.#say("", false);
    this.definition.hidden = true;
  }

  #place() {
    const { current } = this.page.chosen;
    const range = current && this.page.article.range(current.start, current.end);
    if (range && this.isOpen) place(this.form, range);
  }

  #submitted(event) {
    if (event.target !== this.form) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.submitter?.name === "tags") this.#choose(event.submitter);
    else this.save();
  }

  #clicked(event) {
    const button = event.target.closest("button");
    if (!button) return;
    this.#rove(button);
    if (button.name === "tags" && (event.shiftKey || !this.noteRow.hidden)) {
      event.preventDefault();
      this.#collect(button);
    }
    const { steps } = this.page;
    const act = {
      note: () => (this.noteRow.hidden ? this.openNote() : this.#showNote(false)),
      copy: () => copyQuote(this.page.chosen, this.page.article),
      visibility: () => this.#toggleVisibility(button),
      "sentence-back": () => steps.sentence(-1),
      "sentence-on": () => steps.sentence(1),
      shrink: () => steps.word(-1),
      extend: () => steps.word(1),
      close: () => this.cancel(),
      retry: () => this.save(),
      discard: () => this.#discard(),
    }[button.dataset.do];
    act?.();
  }

  #discard() {
    this.drafts.drop(this.#key);
    this.note.value = "";
    this.cancel();
  }

  #pressed(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      if (event.target === this.note) {
        this.#showNote(this.note.value.trim() !== "");
        this.#focus(this.form.querySelector('[data-do="note"]'));
      } else this.cancel();
      return;
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.save();
      return;
    }
    if (event.target === this.note || event.ctrlKey || event.metaKey || event.altKey) return;
    const buttons = this.#buttons();
    const here = buttons.indexOf(event.target);
    const to = { ArrowRight: here + 1, ArrowDown: here + 1, ArrowLeft: here - 1, ArrowUp: here - 1, Home: 0, End: buttons.length - 1 };
    if (here < 0 || !(event.key in to)) return;
    event.preventDefault();
    event.stopPropagation();
    this.#focus(buttons[(to[event.key] + buttons.length) % buttons.length]);
  }

  #buttons() {
    return Array.from(this.form.querySelectorAll("button")).filter((button) => !button.closest("[hidden]:not(form)"));
  }

  /** One tab stop for the whole bar; arrow keys go on from there. */
  #rove(button) {
    for (const other of this.form.querySelectorAll("button")) other.tabIndex = other === button ? 0 : -1;
    const save = this.form.querySelector('[data-do="save"]');
    if (save) save.tabIndex = 0; // comes right after the note
  }

  #focus(button) {
    this.#rove(button);
    button?.focus({ preventScroll: true });
  }

  #returnFocus(passage) {
    if (!passage) return;
    const block = this.page.article.element(this.page.article.at(passage.start));
    block?.querySelector(".an")?.focus({ preventScroll: true });
  }

  /** A tag was pressed: with others collected it joins them, then all are saved. */
  #choose(tag) {
    if (!this.noteRow.hidden) this.#collect(tag);
    else this.save(this.#with(tag));
  }

  #collect(tag) {
    if (!this.#collected.delete(tag.value)) this.#collected = this.#with(tag);
    this.page.chosen.hold(this.page.chosen.current);
    this.#paintTags();
    this.#keepDraft();
    const names = this.tags.filter((one) => this.#collected.has(one.value)).map((one) => one.dataset.name);
    announce(names.length ? `Chosen: ${names.join(", ")}.` : "No tag chosen.");
  }

  /** The collected tags and this one; of an exclusive group the last one chosen stays. */
  #with(tag) {
    const { group } = tag.dataset;
    const rivals = group ? this.tags.filter((other) => other.dataset.group === group).map((other) => other.value) : [];
    return new Set([...this.#collected].filter((value) => !rivals.includes(value)).concat(tag.value));
  }

  #paintTags() {
    for (const tag of this.tags) tag.setAttribute("aria-pressed", String(this.#collected.has(tag.value)));
  }

  #showNote(open) {
    this.noteRow.hidden = !open;
    this.form.querySelector('[data-do="note"]')?.setAttribute("aria-expanded", String(open));
  }

  #toggleVisibility(button) {
    const field = this.form.elements.visibility;
    field.value = (field.value || button.dataset.value) === "public" ? "private" : "public";
    this.#paintVisibility();
    announce(field.value === "public" ? "Every reader will see this mark." : "Only you will see this mark.");
  }

  #paintVisibility() {
    const button = this.form.querySelector('[data-do="visibility"]');
    const isPublic = (this.form.elements.visibility.value || button?.dataset.value) === "public";
    if (button) button.textContent = isPublic ? "Public" : "Private";
  }

  #explain(event) {
    const tag = event.target.closest?.('button[name="tags"]');
    if (!tag || (event.pointerType === "touch" && event.type === "pointerover")) return;
    const { name, definition, example, proposes } = tag.dataset;
    const hard = this.#hardCaseOf(tag);
    const other = this.tags.find(({ value }) => value === proposes);
    const parts = [definition, example && `“${example}”`, hard && `Hard case: ${hard}`, other && `Belongs with ${other.dataset.name}.`].filter(Boolean);
    this.definition.textContent = parts.length ? `${name}: ${parts.join(" ")}` : "";
    this.definition.hidden = !parts.length;
    const above = this.form.dataset.side === "above" || isTouch();
    if (above) this.form.prepend(this.definition);
    else this.form.append(this.definition);
    this.explained = tag;
  }

  /** What is known of a tag's hard case; it is asked for when somebody points at the tag, and shown when it comes. */
  #hardCaseOf(tag) {
    const { hard: url } = tag.dataset;
    if (!url || this.hardCases.has(url)) return this.hardCases.get(url);
    this.hardCases.set(url, "");
    fetch(url)
      .then((answer) => (answer.ok ? answer.text() : ""))
      .then((words) => {
        this.hardCases.set(url, words);
        if (words && this.explained === tag && !this.definition.hidden) this.#explain({ target: tag });
      })
      .catch(() => this.hardCases.delete(url));
    return "";
  }

  #say(message, canRetry) {
    this.problem.hidden = !message;
    this.problem.querySelector("span").textContent = message;
    this.problem.querySelector('[data-do="retry"]').hidden = !canRetry;
  }

  #keepDraft() {
    const mark = this.#mark();
    if (mark && this.note.value.trim()) this.drafts.keep(mark);
  }
}

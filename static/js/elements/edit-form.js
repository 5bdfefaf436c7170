// A card that is being edited: moving the ends of its passage, tags that exclude one another, drafts.

import { announce } from "../page/announce.js";
import { EditDraft } from "../page/drafts.js";
import { hide, show } from "../page/overlay.js";
import { onSwap } from "../page/swaps.js";
import { moveEnd } from "../text/stepping.js";

class EditForm {
  /**
   * @param {HTMLElement} card
   * @param {{article: object}} page
   */
  constructor(card, page) {
    this.card = card;
    this.page = page;
    this.form = card.querySelector("form");
    this.fields = this.form.elements;
    this.key = `edit ${card.dataset.uid}`;
    this.draft = new EditDraft(card.dataset.uid);
    this.original = { start: Number(card.dataset.start), end: Number(card.dataset.end) };
    this.passage = { start: Number(this.fields.start.value), end: Number(this.fields.end.value) };
    // From here on the form proposes tags; the message that did would put the stored card in the form's place.
    document.querySelector(`#notices form[hx-target="#${card.id}"]`)?.closest(".toast").remove();
    this.#restore();
    this.#showPassage();
    this.form.addEventListener("click", (event) => this.#clicked(event));
    this.form.addEventListener("change", (event) => this.#ticked(event.target));
    this.form.addEventListener("input", () => this.#keep());
    this.form.addEventListener("keydown", (event) => this.#pressed(event));
    this.form.addEventListener("htmx:beforeRequest", () => this.#sending());
    this.form.addEventListener("htmx:afterRequest", ({ detail: { xhr } }) => {
      if (xhr.status >= 200 && xhr.status < 300) this.draft.drop();
    });
    this.form.addEventListener("htmx:sendError", () => this.#failed("No answer from the server."));
    this.form.addEventListener("htmx:timeout", () => this.#failed("No answer from the server."));
    this.form.addEventListener("htmx:responseError", ({ detail }) => {
      if (detail.xhr.status >= 500) this.#failed("The server could not save it.");
    });
  }

  /** The form has left the page. */
  leave() {
    hide("pending", this.key);
  }

  #clicked(event) {
    const { step } = event.target.closest("[data-step]")?.dataset ?? {};
    if (step) {
      const [side, unit, direction] = step.split("-");
      this.#move(side, unit, direction === "on" ? 1 : -1);
    }
    if (event.target.closest('[data-do="cancel"]')) this.draft.drop();
  }

  #move(side, unit, direction) {
    const moved = moveEnd(this.page.article, this.passage, side, unit, direction);
    if (!moved) return announce(`The passage cannot ${side === "start" ? "begin" : "end"} there.`);
    this.passage = moved;
    this.#showPassage();
    announce(this.fields.exact.value);
    this.#keep();
  }

  #showPassage() {
    const { start, end } = this.passage;
    const exact = this.page.article.slice(start, end);
    const isMoved = start !== this.original.start || end !== this.original.end;
    if (isMoved || this.fields.exact.value !== exact) {
      this.fields.start.value = String(start);
      this.fields.end.value = String(end);
      this.fields.exact.value = exact;
      const quote = this.form.querySelector("[data-passage]");
      if (quote) quote.textContent = exact;
    }
    if (isMoved) show("pending", this.key, this.passage);
    else hide("pending", this.key);
  }

  #tags() {
    return Array.from(this.form.querySelectorAll('input[name="tags"]'));
  }

  #ticked(box) {
    if (box.name !== "tags") return;
    this.form.querySelector(".proposal")?.remove();
    if (!box.checked) return;
    if (box.dataset.exclusive === "yes") {
      const rivals = this.#tags().filter((other) => other !== box && other.checked && other.dataset.group === box.dataset.group);
      rivals.forEach((other) => (other.checked = false));
      if (rivals.length) announce(`${box.dataset.name} replaces ${rivals.map((other) => other.dataset.name).join(", ")}.`);
    }
    this.#propose(box);
    this.#keep();
  }

  /** A tag may say which other one belongs with it (`data-proposes`: that tag's value). */
  #propose(box) {
    const other = this.#tags().find((tag) => tag.value === box.dataset.proposes);
    if (!other || this.#tags().some((tag) => tag.checked && tag.dataset.group === other.dataset.group)) return;
    const line = document.createElement("p");
    line.className = "hint proposal";
    line.textContent = `“${box.dataset.name}” belongs with “${other.dataset.name}”. `;
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "button quiet", textContent: `Add ${other.dataset.name} too` });
    button.addEventListener("click", () => {
      other.checked = true;
      line.remove();
      other.focus();
      announce(`Chosen: ${other.dataset.name}.`);
      this.#keep();
    });
    line.append(button);
    box.closest("fieldset").append(line);
    announce(line.textContent);
  }

  #pressed(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.form.querySelector('[data-do="cancel"]')?.click();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.form.requestSubmit();
    }
  }

  #sending() {
    this.form.querySelector(".problem")?.remove();
  }

  #failed(message) {
    this.form.querySelector(".problem")?.remove();
    const line = document.createElement("p");
    line.className = "field-error problem";
    line.setAttribute("role", "alert");
    line.textContent = `${message} What you wrote is kept; try again.`;
    this.form.append(line);
  }

  #keep() {
    this.draft.keep({
      version: this.fields.version.value,
      note: this.fields.note.value,
      tags: this.#tags().filter((box) => box.checked).map((box) => box.value),
      visibility: this.fields.visibility.value,
      ...this.passage,
    });
  }

  #restore() {
    if (this.form.querySelector(".conflict, .field-error")) return this.#keep(); // the answer carries what was typed
    const kept = this.draft.of(this.fields.version.value);
    if (!kept) return;
    this.fields.note.value = kept.note;
    this.fields.visibility.value = kept.visibility;
    for (const box of this.#tags()) box.checked = kept.tags.includes(box.value);
    this.passage = { start: kept.start, end: kept.end };
    const line = document.createElement("p");
    line.className = "hint restored";
    line.setAttribute("role", "status");
    line.textContent = "Unsaved changes restored. ";
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "button quiet", textContent: "Discard them" });
    button.addEventListener("click", () => this.form.querySelector('[data-do="cancel"]')?.click());
    line.append(button);
    this.form.prepend(line);
  }
}

/** Bring every card to life that turns into a form. */
export function watchEditForms(page) {
  const forms = new Map(); // uid → EditForm
  onSwap(() => {
    for (const [uid, form] of forms) {
      if (form.card.isConnected) continue;
      form.leave();
      forms.delete(uid);
    }
    for (const card of document.querySelectorAll(".card.editing")) {
      if (forms.get(card.dataset.uid)?.card !== card) forms.set(card.dataset.uid, new EditForm(card, page));
    }
  });
}

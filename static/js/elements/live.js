// What the reader sees and says of live changes: how many read, what has arrived, a way there, and a button to pause.

import { bringIntoView } from "../page/motion.js";
import { local } from "../page/drafts.js";
import { LiveNews } from "../page/live-news.js";
import { LiveStream } from "../page/live-stream.js";

const SAY_MS = [700, 4_000]; // the first words after a change, and the least time between two
const FADE_MS = 60_000; // news that are on the page are old by then

const PHASES = {
  draft: "The session is being prepared again.",
  annotating: "The session is at marking.",
  revealed: "The marks are revealed.",
  adjudicating: "The session is being settled now.",
  published: "The session is published.",
  archived: "The session is in the archive.",
};

export class Live {
  #arrived = new Map(); // uid → verb, of others' changes that the reader was not shown yet
  #replies = 0;
  #reload = false; // too much was missed
  #load = null; // what Show does when the page must be loaded anew
  #saying = 0;
  #fading = 0;
  #saidAt = 0;

  /**
   * @param {HTMLElement} root #live
   * @param {{main: HTMLElement, cards: object}} page
   */
  constructor(root, page) {
    this.root = root;
    this.page = page;
    this.said = root.querySelector("[role=status]");
    this.show = root.querySelector('[data-do="show"]');
    this.readers = root.querySelector(".readers");
    this.pause = root.querySelector('[data-do="pause"]');
    const { url, phase } = root.dataset;
    const { whose, live } = page.main.dataset;
    this.news = new LiveNews(page, `${url}fresh/`, { whose });
    this.news.dispatch = (news) => this.#came(news);
    this.#setPaused(local.get("live-paused") === true);
    this.pause.addEventListener("click", () => {
      this.#setPaused(!this.news.isPaused);
      local.set(this.news.isPaused, "live-paused");
      if (!this.news.isPaused) this.#catchUp();
    });
    this.show.addEventListener("click", () => this.#showAll());
    this.stream = new LiveStream(url, live, phase ? { whose, phase } : { whose });
    this.stream.addEventListener("news", ({ name, data }) => this.#heard(name, data));
    root.hidden = false;
  }

  #heard(name, data) {
    if (name === "mark") this.#mark(data);
    else if (name === "reply") this.#reply(data);
    else if (name === "people") this.#people(data.reading);
    else if (name === "reload") this.#missed();
    else if (name === "revised") this.#mustLoad("A newer text of this article is here.", "Read it", newest);
    else if (name === "phase") {
      this.stream.end();
      this.#mustLoad(PHASES[data.phase] ?? "The session has moved on.", "Show");
    } else if (name === "end" && !this.#load) {
      const words = { moved: "Your part in this session has changed." }[data.why] ?? "Live changes have ended on this page.";
      this.#mustLoad(words, "Load again");
    }
  }

  #mark(data) {
    if (!data.own && this.news.isPaused) this.#note(data);
    this.news.take(data);
  }

  #reply({ uid, now, own }) {
    if (!own) {
      this.#replies += 1;
      this.#sayLater();
    }
    this.news.take({ uid, verb: "changed", was: null, now, own });
  }

  /** These are on the page now. */
  #came(news) {
    for (const one of news) if (!one.own) this.#note(one);
  }

  #note({ uid, verb }) {
    const before = this.#arrived.get(uid);
    if (verb === "gone" && before === "made") this.#arrived.delete(uid);
    else this.#arrived.set(uid, before === "made" ? "made" : verb);
    this.#sayLater();
  }

  #people(number) {
    this.readers.hidden = number < 2;
    this.readers.textContent = number < 2 ? "" : `${number} reading`;
  }

  #missed() {
    if (this.news.isPaused) {
      this.#reload = true;
      this.#sayLater();
    } else this.news.refresh();
  }

  #mustLoad(words, label, load = () => location.reload()) {
    this.#load = load;
    clearTimeout(this.#fading);
    clearTimeout(this.#saying);
    this.#say(words, label);
  }

  #sayLater() {
    if (this.#load) return;
    const [soon, apart] = SAY_MS;
    clearTimeout(this.#saying);
    this.#saying = setTimeout(() => this.#sayNews(), Math.max(soon, this.#saidAt + apart - Date.now()));
  }

  #sayNews() {
    const count = (verb) => Array.from(this.#arrived.values()).filter((one) => one === verb).length;
    const [made, changed, gone] = [count("made"), count("changed"), count("gone")];
    const parts = [
      made && `${made} new mark${made === 1 ? "" : "s"}`,
      changed && `${changed} changed`,
      gone && `${gone} removed`,
      this.#replies && `${this.#replies} new repl${this.#replies === 1 ? "y" : "ies"}`,
      this.#reload && "Much has changed",
    ];
    const words = parts.filter(Boolean).join(", ");
    if (!words) return this.#clear();
    this.#say(words, made || changed || this.#reload || this.news.waiting || this.#replies ? "Show" : "");
    clearTimeout(this.#fading);
    if (!this.news.isPaused) this.#fading = setTimeout(() => this.news.waiting || this.#clear(), FADE_MS);
  }

  #say(words, label) {
    this.#saidAt = Date.now();
    if (this.said.textContent !== words) this.said.textContent = words;
    this.show.textContent = label;
    this.show.hidden = !label;
    this.root.classList.toggle("has-news", words !== "");
  }

  #clear() {
    this.#arrived.clear();
    this.#replies = 0;
    this.#reload = false;
    this.#say("", "");
  }

  async #showAll() {
    if (this.#load) return this.#load();
    const uids = Array.from(this.#arrived).filter(([, verb]) => verb !== "gone");
    await this.#catchUp();
    const segments = uids.map(([uid]) => document.getElementById(`m${uid}`)).filter(Boolean);
    segments.sort((a, b) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
    this.#clear();
    if (!segments.length) return this.pause.focus({ preventScroll: true });
    bringIntoView(segments[0]);
    await this.page.cards.openMark(segments[0].id.slice(1));
  }

  async #catchUp() {
    if (this.#reload) await this.news.refresh();
    await this.news.takeAll();
    this.#reload = false;
  }

  #setPaused(is) {
    this.news.isPaused = is;
    this.pause.setAttribute("aria-pressed", String(is));
    this.pause.textContent = is ? "Live changes are paused" : "Pause live changes";
  }
}

/** The current revision of the article. */
function newest() {
  location.assign(document.getElementById("text").dataset.base.replace(/\d+\/$/, ""));
}

// The stream of what changes on the page, as server-sent events: opened while the page is seen, closed while it is not,
// and where no stream gets through, questions when somebody looks at the page again.

const HIDDEN_MS = 5_000; // a page out of sight lets its connection go: browsers have six for a site
const GREETING_MS = 15_000; // a stream that says nothing for so long is held back on its way
const AGAIN_MS = [30_000, 300_000]; // first and longest pause before another try
const NAMES = ["hello", "mark", "reply", "reload", "revised", "phase", "people", "end"];

/** Dispatches "news" with `name` and `data` for each message. */
export class LiveStream extends EventTarget {
  #source = null;
  #cursor;
  #hiding = 0;
  #greeting = 0;
  #again = 0;
  #pause = AGAIN_MS[0];
  #isOver = false;
  #isAsking = false;

  /**
   * @param {string} address of the stream
   * @param {string} cursor where the page begins
   * @param {object} query further parameters of the address
   */
  constructor(address, cursor, query = {}) {
    super();
    this.address = address;
    this.query = query;
    this.#cursor = cursor;
    document.addEventListener("visibilitychange", () => this.#seen());
    addEventListener("focus", () => this.#look());
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", ({ persisted }) => persisted && this.#seen());
    this.#seen();
  }

  /** Stop for good. */
  end() {
    this.#isOver = true;
    this.#close();
    clearTimeout(this.#again);
  }

  #seen() {
    clearTimeout(this.#hiding);
    if (document.visibilityState === "hidden") {
      this.#hiding = setTimeout(() => this.#close(), HIDDEN_MS);
      return;
    }
    if (!this.#source) this.#open();
  }

  /** Where no stream is open, ask what has happened. */
  #look() {
    if (!this.#source) this.#ask();
  }

  #url(more = {}) {
    return `${this.address}?${new URLSearchParams({ ...this.query, ...more, after: this.#cursor })}`;
  }

  #open() {
    if (this.#isOver || typeof EventSource !== "function") return void this.#ask();
    clearTimeout(this.#again);
    const source = new EventSource(this.#url());
    this.#source = source;
    for (const name of NAMES) {
      source.addEventListener(name, (event) => {
        if (source !== this.#source) return;
        if (event.lastEventId) this.#cursor = event.lastEventId;
        this.#tell(name, event.data);
      });
    }
    source.addEventListener("error", () => {
      // The browser itself tries again after a lost connection, but not after an answer that is a refusal.
      if (source === this.#source && source.readyState === EventSource.CLOSED) this.#failed();
    });
    this.#greeting = setTimeout(() => this.#failed(), GREETING_MS);
  }

  #failed() {
    this.#close();
    if (this.#isOver) return;
    this.#ask();
    this.#again = setTimeout(() => this.#seen(), this.#pause * (0.75 + Math.random() / 2));
    this.#pause = Math.min(this.#pause * 2, AGAIN_MS[1]);
  }

  #close() {
    clearTimeout(this.#greeting);
    this.#source?.close();
    this.#source = null;
  }

  #tell(name, text) {
    if (this.#isOver) return;
    if (name === "hello") {
      clearTimeout(this.#greeting);
      this.#pause = AGAIN_MS[0];
    }
    let data = {};
    try {
      data = JSON.parse(text);
    } catch {
      return; // cut off: the same will come again
    }
    if (name === "end") this.end();
    this.dispatchEvent(Object.assign(new Event("news"), { name, data }));
  }

  async #ask() {
    if (this.#isAsking || this.#isOver || document.visibilityState === "hidden") return;
    this.#isAsking = true;
    try {
      const answer = await fetch(this.#url({ once: "yes" }), { credentials: "same-origin" });
      const isStream = answer.headers.get("Content-Type")?.startsWith("text/event-stream");
      if (answer.ok && !answer.redirected && isStream) this.#read(await answer.text());
    } catch {
      // No connection: asked again when somebody looks.
    }
    this.#isAsking = false;
  }

  #read(text) {
    for (const block of text.split("\n\n")) {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s, 2)));
      if (fields.id) this.#cursor = fields.id;
      if (NAMES.includes(fields.event)) this.#tell(fields.event, fields.data);
    }
  }
}

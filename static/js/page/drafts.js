// What somebody has typed or chosen and the server does not have yet. Kept in the browser, under the reader and the
// revision, until the server has it; a reload, a crash or a failed save loses nothing.

const KEEP_MS = 30 * 24 * 3600 * 1000;

function name(kind, ...parts) {
  const { reader = "", session = "" } = document.getElementById("text")?.dataset ?? {};
  // What was begun in a session must not turn up outside of it, nor the reverse.
  return ["opslens", kind, reader, ...(session ? [session] : []), ...parts].join(":");
}

function load(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function store(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Storage is full or switched off: the page itself still holds what was typed.
  }
}

/** Marks of a revision that have not been saved; the oldest first. */
export class MarkDrafts {
  constructor(revision) {
    this.key = name("marks", revision);
  }

  all() {
    const kept = load(this.key);
    return Array.isArray(kept) ? kept.filter((draft) => Date.now() - draft.at < KEEP_MS) : [];
  }

  /** @param {{key: string, start: number, end: number, exact: string, tags: string[], note: string}} draft */
  keep(draft) {
    store(this.key, [...this.all().filter((other) => other.key !== draft.key), { ...draft, at: Date.now() }]);
  }

  drop(key) {
    const left = this.all().filter((other) => other.key !== key);
    store(this.key, left.length ? left : null);
  }
}

/** Changes of one mark that have not been saved, on top of one version of it. */
export class EditDraft {
  constructor(uid) {
    this.key = name("edit", uid);
  }

  /** What was changed on top of this version, or null. */
  of(version) {
    const kept = load(this.key);
    return kept && kept.version === version && Date.now() - kept.at < KEEP_MS ? kept : null;
  }

  keep(fields) {
    store(this.key, { ...fields, at: Date.now() });
  }

  drop() {
    store(this.key, null);
  }
}

/** A value of one visitor on this browser, such as where they left an article. */
export const local = {
  get: (kind, ...parts) => load(name(kind, ...parts)),
  set: (value, kind, ...parts) => store(name(kind, ...parts), value),
};

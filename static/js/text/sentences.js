// Borders inside the text of one block: sentences, words, and what a reader sees as one character.
// Positions are UTF-16 units in that text.

const segmenters = new Map();

// Abbreviations after which the rules of Unicode see the end of a sentence where there is none.
const ABBREVIATION =
  /(?:^|[\s(“"‘'])(?:Mr|Mrs|Ms|Dr|Prof|St|Sen|Rep|Gov|Gen|Lt|Col|Capt|Sgt|Rev|Hon|No|vs|cf|ca|e\.g|i\.e|\p{Lu})\.\s*$/u;

const LOWER_CASE = /\p{Ll}/u; // as after a question in quotation marks

function segmenter(language, granularity) {
  if (typeof Intl.Segmenter !== "function") return null;
  const name = `${language} ${granularity}`;
  if (!segmenters.has(name)) {
    let made;
    try {
      made = new Intl.Segmenter(language || undefined, { granularity });
    } catch {
      made = new Intl.Segmenter(undefined, { granularity }); // a language tag the browser cannot read
    }
    segmenters.set(name, made);
  }
  return segmenters.get(name);
}

/** [start, end) without the white space at both ends; null when nothing is left. */
function trimmed(text, start, end) {
  const piece = text.slice(start, end);
  const from = start + piece.length - piece.trimStart().length;
  const to = end - (piece.length - piece.trimEnd().length);
  return from < to ? [from, to] : null;
}

/** Sentences of `text` as [start, end) pairs, ends trimmed of white space. */
export function sentences(text, language) {
  const parts = segmenter(language, "sentence");
  if (!parts) return [trimmed(text, 0, text.length)].filter(Boolean);
  const found = [];
  let start = 0;
  for (const { index, segment } of parts.segment(text)) {
    const end = index + segment.length;
    const goesOn = ABBREVIATION.test(segment) || LOWER_CASE.test(text.charAt(end));
    if (goesOn && end < text.length && !segment.endsWith("\n")) continue;
    const range = trimmed(text, start, end);
    if (range) found.push(range);
    start = end;
  }
  return found;
}

/** Words of `text` as [start, end) pairs; punctuation and spaces belong to none. */
export function words(text, language) {
  const parts = segmenter(language, "word");
  if (!parts) return Array.from(text.matchAll(/[\p{L}\p{N}\p{M}’'-]+/gu), (m) => [m.index, m.index + m[0].length]);
  return Array.from(parts.segment(text))
    .filter((part) => part.isWordLike)
    .map((part) => [part.index, part.index + part.segment.length]);
}

/** The nearest grapheme border at or before `at`. */
export function graphemeStart(text, at) {
  const parts = segmenter("", "grapheme");
  if (!parts || at <= 0 || at >= text.length) return at;
  return parts.segment(text).containing(at).index;
}

/** The nearest grapheme border at or after `at`. */
export function graphemeEnd(text, at) {
  const start = graphemeStart(text, at);
  return start === at ? at : start + segmenter("", "grapheme").segment(text).containing(at).segment.length;
}

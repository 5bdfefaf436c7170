// The one place where UTF-16 units, which browsers count, become code points, which OpsLens counts, and back.

/** Whether a character of two units begins at `at`. */
function isPair(text, at) {
  const unit = text.charCodeAt(at);
  if (unit < 0xd800 || unit > 0xdbff || at + 1 >= text.length) return false;
  const next = text.charCodeAt(at + 1);
  return next >= 0xdc00 && next <= 0xdfff;
}

/**
 * The number of code points in the first `units` UTF-16 units of `text`.
 * A position inside a character counts as the one before it.
 */
export function codePoints(text, units = text.length) {
  const end = Math.min(units, text.length);
  let points = 0;
  for (let at = 0; at < end; points += 1) {
    at += isPair(text, at) ? 2 : 1;
    if (at > end) break;
  }
  return points;
}

/** The number of UTF-16 units that the first `points` code points of `text` take. */
export function utf16Units(text, points) {
  let at = 0;
  for (let left = points; left > 0 && at < text.length; left -= 1) at += isPair(text, at) ? 2 : 1;
  return at;
}

// Moving a passage by sentences and words, across blocks. A passage is {start, end} in code points of the revision;
// every function returns a new one, or null when there is nowhere to go.

/** The sentence at a position, or the first one after it. */
export function sentenceAt(article, offset) {
  for (let index = article.at(offset); index < article.count; index += 1) {
    const found = article.borders(index).sentences.find(([, end]) => offset < end);
    if (found) return { start: found[0], end: found[1] };
  }
  return null;
}

/** The first sentence of a block, or of the first block after it that has one. */
export function firstSentence(article, index) {
  return index >= 0 && index < article.count ? sentenceAt(article, article.start(index)) : null;
}

/** The sentence after the one in which the passage ends. */
export function nextSentence(article, passage) {
  const here = sentenceAt(article, passage.end - 1);
  return here && sentenceAt(article, here.end);
}

/** The sentence before the one in which the passage begins. */
export function previousSentence(article, passage) {
  for (let index = article.at(passage.start); index >= 0; index -= 1) {
    const found = article.borders(index).sentences.findLast(([, end]) => end <= passage.start);
    if (found) return { start: found[0], end: found[1] };
  }
  return null;
}

/**
 * Move one end of the passage by one `unit`.
 *
 * @param {"start" | "end"} side
 * @param {"sentence" | "word"} unit
 * @param {1 | -1} direction 1 towards the end of the text
 */
export function moveEnd(article, passage, side, unit, direction) {
  const name = `${unit}${side === "start" ? "Starts" : "Ends"}`;
  const found = neighbour(article, passage[side], name, direction);
  if (found === null) return null;
  const moved = { start: passage.start, end: passage.end, [side]: found };
  return moved.start < moved.end ? moved : null;
}

/** The nearest border strictly before or after a position. */
function neighbour(article, offset, name, direction) {
  for (let index = article.at(offset); index >= 0 && index < article.count; index += direction) {
    const borders = article.borders(index)[name];
    const found = direction > 0 ? borders.find((at) => at > offset) : borders.findLast((at) => at < offset);
    if (found !== undefined) return found;
  }
  return null;
}

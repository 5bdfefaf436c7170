// Where cards in the margin stand. Pure arithmetic, lengths in CSS pixels.

/**
 * Each item wants to stand at `want`; none may overlap the one before it or stand above 0, where the column begins.
 * From the top down, what collides is pushed down. The pinned item stands exactly where it wants, and those before it
 * give way upwards; only where there is no room for them up to 0 it stands as much lower as they need.
 *
 * @param {{want: number, height: number}[]} items in the order of the page
 * @param {number} gap least distance between two
 * @param {number} [pinned] index of the one that does not give way, -1 for none
 * @returns {number[]} the top of each
 */
export function stack(items, gap, pinned = -1) {
  const tops = [];
  let free = 0;
  let least = 0; // where an item stands when all before it are packed to the column's start
  items.forEach((item, at) => {
    const top = Math.max(item.want, at === pinned ? least : free);
    tops.push(top);
    free = top + item.height + gap;
    least += item.height + gap;
  });
  for (let at = pinned - 1, limit = tops[pinned]; at >= 0; at -= 1) {
    tops[at] = Math.min(tops[at], limit - gap - items[at].height);
    limit = tops[at];
  }
  return tops;
}

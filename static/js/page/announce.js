// Says something to people who listen to the page, in the polite live region of the reading page.

let waiting = 0;

/** Have `words` read out. Said twice, they are read twice. */
export function announce(words) {
  const region = document.getElementById("passage");
  if (!region) return;
  region.textContent = "";
  clearTimeout(waiting);
  // A region that is emptied and filled within one task is not read again.
  waiting = setTimeout(() => {
    region.textContent = words;
  }, 30);
}

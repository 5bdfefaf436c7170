// Copying the chosen words with their source and a link to their paragraph.

import { announce } from "../page/announce.js";
import { notice } from "../page/notices.js";

/** @param {import("../page/passage.js").ChosenPassage} chosen */
export async function copyQuote(chosen, article) {
  if (!chosen.current) return;
  const main = document.getElementById("text");
  const block = article.ordinal(article.at(chosen.current.start));
  const source = [article.root.querySelector("h1"), main.querySelector(".kicker")].map((part) => part?.textContent.trim());
  const address = new URL(`${main.dataset.base}#b${block}`, location.href).href;
  const words = `“${chosen.exact}” — ${[...source.filter(Boolean), address].join(", ")}`;
  const done = await copy(words);
  const said = done ? "Quote copied, with its source and link." : "The browser does not allow copying here.";
  notice(said, undefined, { seconds: 4 });
  announce(said);
}

async function copy(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    return copyByCommand(words);
  }
}

/** For pages that are not a secure context, where the clipboard is out of reach. */
function copyByCommand(words) {
  const put = (event) => {
    event.clipboardData.setData("text/plain", words);
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  document.addEventListener("copy", put, { capture: true, once: true });
  const done = document.execCommand("copy");
  document.removeEventListener("copy", put, { capture: true });
  return done;
}

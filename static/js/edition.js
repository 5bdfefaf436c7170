// The page of a published edition: its cards stand beside their passages, and open from the text. Without scripts they
// are a list. Every card is on the page, so nothing is ever fetched.

import { ArticleText } from "./text/article.js";
import { paintOn } from "./page/overlay.js";
import { Cards } from "./elements/cards.js";
import { Groups } from "./elements/groups.js";
import { followScrolling } from "./elements/heat-strip.js";
import { Margin } from "./elements/margin.js";

const PUBLIC = /^#d([a-z0-9]+)$/; // a passage as addresses name it

const main = document.querySelector("main.reading");
const list = main?.querySelector("ol#cards");
if (main) {
  const article = new ArticleText(main.querySelector("article"));
  paintOn(article);
  followScrolling(main.querySelector("#strip"), article);
  if (list) {
    const groups = new Groups(list);
    const page = { main, article, groups, address: (path) => path };
    page.margin = new Margin(list, groups, article);
    page.cards = new Cards(main, page);
    const openFromAddress = () => {
      const uid = PUBLIC.exec(location.hash)?.[1];
      if (uid && document.getElementById(`card-${uid}`)) page.cards.openMark(uid, { focus: false });
    };
    addEventListener("hashchange", openFromAddress);
    openFromAddress();
  }
}

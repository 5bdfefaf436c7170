// What scripts add to pages that work without them.

import { connectReadingKeys, connectSiteKeys } from "./keys.js";
import { fadeNotices } from "./page/notices.js";
import { applyAtOnce, closeMenus } from "./elements/reader-settings.js";
import { openReadingPage } from "./reading.js";

// In debug mode django-htmx puts error answers in the place of the whole page; ours belong into the notices.
document.addEventListener("htmx:beforeOnLoad", (event) => event.stopPropagation(), true);

// New elements are what they are at once, not first dressed in the old one's classes for a transition.
if (window.htmx) window.htmx.config.attributesToSettle = [];

fadeNotices();
closeMenus();
connectSiteKeys();
document.querySelectorAll("#reader-settings").forEach(applyAtOnce);

// Choosing from a list whose form has nothing else is the answer.
for (const select of document.querySelectorAll("form.whose select")) {
  select.form.dataset.live = "";
  select.form.querySelectorAll("button").forEach((button) => (button.hidden = true));
  select.addEventListener("change", () => select.form.requestSubmit());
}

// The page one is on stands among the others of its session, also where they do not all fit.
const tab = document.querySelector(".tabs [aria-current]");
if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;

const search = document.querySelector('input[type="search"]');
if (search && new URLSearchParams(location.search).get("q") === "") search.focus();

const main = document.querySelector("main.reading");
if (main) connectReadingKeys(openReadingPage(main));

"""The reading page in a browser, as a person works it: selecting words with the mouse, pressing keys, looking."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

# The nth occurrence of words in the article, as boxes in the window: of the first and of the last character.
_BOXES = """([words, nth]) => {
    const article = document.getElementById("article");
    const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT, {
        acceptNode: ({ parentElement: parent }) =>
            parent.closest("[data-start]:not(.card)") && !parent.closest(".inline-notes")
                ? NodeFilter.FILTER_ACCEPT
                : NodeFilter.FILTER_REJECT,
    });
    const nodes = [];
    let text = "";
    let block = null;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const here = node.parentElement.closest("[data-start]");
        if (block && here !== block) text += "\\n";
        block = here;
        nodes.push([text.length, node]);
        text += node.data;
    }
    let at = -1;
    for (let i = 0; i < nth; i += 1) at = text.indexOf(words, at + 1);
    if (at < 0) throw new Error(`not in the article: ${words}`);
    const point = (position) => {
        const [start, node] = nodes.findLast(([begin]) => begin <= position);
        return [node, position - start];
    };
    const range = document.createRange();
    range.setStart(...point(at));
    const [node, offset] = point(at + words.length - 1);
    range.setEnd(node, offset + 1);
    range.startContainer.parentElement.scrollIntoView({ block: "center", behavior: "instant" });
    const boxes = Array.from(range.getClientRects()).filter((box) => box.width > 0);
    const [first, last] = [boxes[0], boxes.at(-1)];
    return {
        from: [first.left + 0.5, first.top + first.height / 2],
        to: [last.right - 0.5, last.top + last.height / 2],
        all: boxes.map(({ left, top, right, bottom }) => [left, top, right, bottom]),
    };
}"""

# The words that the custom highlight of that name covers, one string a range.
_PAINTED = "(name) => Array.from(CSS.highlights.get(name) ?? [], (range) => range.toString())"


class ReadingPage:
    """What a reader sees and does on the page of one article."""

    def __init__(self, page: Page, article: Any, query: str = "") -> None:
        self.page = page
        page.goto(f"{article.get_absolute_url()}{query}")
        if page.evaluate("typeof window.htmx") == "object":
            width = page.viewport_size["width"]
            mode = "margin" if width >= 72 * 16 else "inline" if width >= 40 * 16 else "sheet"
            expect(page.locator("#cards")).to_have_attribute("data-mode", mode)

    # Choosing a passage

    def select(self, words: str, nth: int = 1) -> None:
        """Drag with the mouse over the nth occurrence of `words`, which may cross blocks ("\\n" between them)."""
        boxes = self.page.evaluate(_BOXES, [words, nth])
        self.page.mouse.move(*boxes["from"])
        self.page.mouse.down()
        self.page.mouse.move(*boxes["to"], steps=4)
        self.page.mouse.up()

    def select_by_touch(self, words: str, nth: int = 1) -> None:
        """What a long press and the handles do: the selection changes without a mouse."""
        boxes = self.page.evaluate(_BOXES, [words, nth])
        self.page.evaluate(
            """([from, to]) => {
                const a = document.caretPositionFromPoint(...from), b = document.caretPositionFromPoint(...to);
                getSelection().setBaseAndExtent(a.offsetNode, a.offset, b.offsetNode, b.offset);
            }""",
            [boxes["from"], boxes["to"]],
        )

    def click(self, words: str, nth: int = 1) -> None:
        """Click (or tap) the first character of the nth occurrence of `words`."""
        x, y = self.page.evaluate(_BOXES, [words, nth])["from"]
        touch = self.page.evaluate("matchMedia('(pointer: coarse)').matches")
        (self.page.touchscreen.tap if touch else self.page.mouse.click)(x + 2, y)

    def boxes(self, words: str, nth: int = 1) -> list[list[float]]:
        """Left, top, right and bottom of each line of `words` in the window."""
        return self.page.evaluate(_BOXES, [words, nth])["all"]

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    # What is seen

    @property
    def bar(self) -> Locator:
        return self.page.locator("#selection")

    @property
    def cards(self) -> Locator:
        return self.page.locator(".card[data-uid]")

    @property
    def notices(self) -> Locator:
        return self.page.locator("#notices")

    @property
    def selected(self) -> str:
        return self.page.evaluate("getSelection().toString()")

    def card(self, uid: str) -> Locator:
        return self.page.locator(f"#card-{uid}")

    def block(self, number: int) -> Locator:
        return self.page.locator(f"#b{number}")

    def marked(self, uid: str | None = None) -> str:
        """The words that are painted as marked, segments joined by "|"; of one mark those from its first segment."""
        selector = "#article mark" if uid is None else f"#m{uid}"
        return "|".join(self.page.locator(selector).all_text_contents())

    def painted(self, name: str) -> list[str]:
        """The words under the passing paint `name`: pending or focus."""
        return self.page.evaluate(_PAINTED, name)

    def expect_marked(self, words: str) -> None:
        """Wait until exactly these words are painted as marked (segments joined by "|")."""
        self.page.wait_for_function(
            """(words) => words ===
                Array.from(document.querySelectorAll("#article mark"), (mark) => mark.textContent).join("|")""",
            arg=words,
        )

    def expect_said(self, words: str) -> None:
        """Wait until the live region says something that contains `words`."""
        expect(self.page.locator("#passage")).to_contain_text(words)

    def is_saved(self) -> None:
        """Wait until nothing is on its way and no paint is pending."""
        self.page.wait_for_function("() => !CSS.highlights.has('pending') && !document.querySelector('.htmx-request')")

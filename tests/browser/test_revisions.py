"""A revision from its draft to its readers: writing, previewing, publishing, reading the older text, comparing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from annotations.models import Annotation
from opslens.articles.documents import document_of
from opslens.models import Article, Draft, Event, Revision
from tests.browser.conftest import TEXT, edited, places
from tests.browser.reading import ReadingPage

STAYS = "Nobody on the island had asked for one."
CREW, SMALLER_CREW = "A crew of nine, trained and paid.", "A crew of seven, trained and paid."
MAY, JUNE = "expect it to sail in May.", "expect it to sail in June."
RAMP = "When the ramp is longer than the queue, I ask about the queue."
RUST = "Let us hope that the ferry sails before it rusts. Only a fool would bet on it."
BET = "Only a fool would bet on it."
SLUG = "the-ferry-that-nobody-ordered"
QUOTATION = f"> {RAMP}\n\n"


# Marks on these words stay, change, change so that somebody should look, move, and lose their passage.
EDITED = edited(
    TEXT,
    CREW, SMALLER_CREW,
    "sail in May.", "sail in June.",
    QUOTATION, "",
    "Every morning", f"{QUOTATION}Every morning",
    f" {BET}", "",
)  # fmt: skip


@pytest.fixture
def editor(person: Callable[..., Any]) -> Any:
    """Somebody else who may revise it."""
    return person("editor", "Edda Editor", is_staff=True)


@pytest.fixture
def marks(mark: Callable[..., Annotation], annotator: Any) -> dict[str, Annotation]:
    """One mark for each thing that can become of it when `EDITED` is published."""
    return {
        "stays": mark(annotator, STAYS, "opinion"),
        "doubtful": mark(annotator, MAY, "claim", "unsourced"),
        "changed": mark(annotator, CREW, "claim", note="Nine is a lot."),
        "moved": mark(annotator, RAMP, "opinion"),
        "lost": mark(annotator, BET, "opinion"),
    }


def verbs(article: Article, after: int = 0) -> list[tuple[str, str]]:
    """What has happened to an article since its first `after` events: (verb, who)."""
    events = Event.objects.filter(channel__name=article.channel).order_by("number").select_related("actor")
    return [(event.verb, event.actor.username) for event in events][after:]


def numbers(article: Article) -> list[int]:
    return list(article.revisions.order_by("number").values_list("number", flat=True))


def seen(found: Locator) -> list[str]:
    """The words that are on the screen, of each element: without what is there for screen readers."""
    return found.evaluate_all(
        """(elements) => elements.map((element) => {
            const copy = element.cloneNode(true);
            copy.querySelectorAll(".visually-hidden").forEach((hidden) => hidden.remove());
            return copy.textContent.replace(/\\s+/g, " ").trim();
        })"""
    )


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def editor_of(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Text")


def draft(page: Page, text: str, number: int = 2) -> None:
    """Put a new text into the editor and go to its preview as revision `number`."""
    page.goto(f"/read/{SLUG}/revise/")
    editor_of(page).fill(text)
    page.get_by_role("button", name="Preview").click()
    expect(heading(page)).to_have_text(f"Preview of revision {number}")


def publish(page: Page, number: int = 2) -> None:
    """Publish the draft whose preview is open."""
    page.get_by_role("button", name=f"Publish revision {number}").click()
    expect(page.locator("#notices")).to_contain_text(f"Revision {number} is published.")


def type_over(page: Page, old: str, new: str) -> None:
    """Select words in the editor and type others over them."""
    editor_of(page).evaluate(
        """(field, words) => {
            const at = field.value.indexOf(words);
            field.focus();
            field.setSelectionRange(at, at + words.length);
        }""",
        old,
    )
    if new:
        page.keyboard.insert_text(new)
    else:
        page.keyboard.press("Delete")


# --- writing, previewing, publishing ----------------------------------------------------------------------------------


def test_owner_changes_words_sees_what_becomes_of_the_marks_and_publishes(
    open_page, owner, annotator, article, mark, marks
):
    hidden = mark(annotator, "The council bought a ferry in spring.", "opinion", public=False)
    made = len(verbs(article))
    page = open_page(user=owner, path="/")
    page.get_by_role("link", name="New revision of The Ferry That Nobody Ordered").click()
    expect(heading(page)).to_have_text("New revision")
    expect(editor_of(page)).to_have_value(TEXT)
    type_over(page, "crew of nine", "crew of seven")
    type_over(page, "sail in May", "sail in June")
    type_over(page, QUOTATION, "")
    type_over(page, "Every morning", f"{QUOTATION}Every morning")
    type_over(page, f" {BET}", "")
    page.get_by_role("textbox", name="What is new").fill("A smaller crew, a later date.")
    page.get_by_label("Changed by its publisher on").fill("2025-04-02")
    page.get_by_role("button", name="Preview").click()

    expect(heading(page)).to_have_text("Preview of revision 2")
    assert page.url.endswith(f"/read/{SLUG}/revise/preview/")
    # Private marks of others are not counted.
    assert seen(page.locator(".counts li")) == [
        "1 stays where it is",
        "1 moves along with its words",
        "2 stand on words that change",
        "1 loses its passage",
    ]
    changed = page.locator(".comparison .row.changed")
    assert seen(changed.locator("del")) == ["May", "nine", BET]
    assert seen(changed.locator("ins")) == ["June", "seven"]
    expect(changed.filter(has_text="Officials familiar")).to_contain_text("sail in [removed: May][added: June].")
    assert seen(page.locator(".row.moved-away .words")) == [RAMP]
    assert seen(page.locator(".row.moved-here .words")) == [RAMP]
    draft = Draft.objects.get()
    assert (draft.author, draft.article, draft.base.number, bytes(draft.source).decode().replace("\r\n", "\n")) == (
        owner, article, 1, EDITED,
    )  # fmt: skip
    assert (numbers(article), verbs(article, made)) == ([1], [])

    publish(page)
    assert page.url.endswith(f"/read/{SLUG}/")
    expect(heading(page)).to_have_text("The Ferry That Nobody Ordered")
    assert seen(page.locator("#article mark")) == [STAYS, RAMP, JUNE, SMALLER_CREW]
    expect(page.locator("#article")).not_to_contain_text(BET)
    assert Draft.objects.count() == 0
    revision = article.revisions.get(number=2)
    article.refresh_from_db()
    assert (article.current, revision.created_by, revision.note, str(revision.source_date)) == (
        revision, owner, "A smaller crew, a later date.", "2025-04-02",
    )  # fmt: skip
    assert places(hidden)[1] == (2, "exact", "carried", hidden.quote)
    assert {name: places(made)[1] for name, made in marks.items()} == {
        "stays": (2, "exact", "carried", STAYS),
        "doubtful": (2, "changed", "carried", JUNE),
        "changed": (2, "changed", "carried", SMALLER_CREW),
        "moved": (2, "moved", "carried", RAMP),
        "lost": (2, "lost", "carried", ""),
    }
    # The two that changed and the one that is gone make an event each; what stays or moves along makes none.
    assert verbs(article, made) == [
        ("revision-published", "owner"),
        ("marks-carried", "owner"),
        *[("passage-changed", "owner")] * 3,
    ]

    page.get_by_role("link", name="Revision 2").click()
    expect(heading(page)).to_have_text("2 revisions")
    newest = page.locator(".revisions > li").first
    expect(newest).to_contain_text("by Olive Owner · changed by its publisher on 2 April 2025")
    expect(newest).to_contain_text("A smaller crew, a later date.")


def test_card_says_what_became_of_the_passage(reading, annotator, marks, revise):
    revise(EDITED)
    page = reading(annotator)
    page.expect_marked("|".join([STAYS, RAMP, JUNE, SMALLER_CREW]))
    expect(page.page.locator("main .waiting")).to_have_text("2 marks to check: their passages have changed or gone.")
    for name in ("stays", "doubtful", "changed", "moved"):
        expect(page.card(marks[name].uid)).to_be_visible()
    expect(page.card(marks["lost"].uid)).to_have_count(0)
    expect(page.card(marks["stays"].uid).locator(".since")).to_have_count(0)
    expect(page.card(marks["moved"].uid).locator(".since")).to_have_text("Moved since it was marked – as it was")

    since = page.card(marks["changed"].uid).locator("details.since")
    expect(since.locator("dl")).to_be_hidden()
    since.get_by_text("The passage changed since").click()
    expect(since.locator("dl")).to_be_visible()
    assert seen(since.locator("dt")) == ["Then", "Now"]
    assert seen(since.locator("dd")) == [CREW, SMALLER_CREW]
    assert seen(since.locator("dd del")) == ["nine"]
    assert seen(since.locator("dd ins")) == ["seven"]


@pytest.mark.parametrize(("name", "words"), [("changed", CREW), ("moved", RAMP)])
def test_link_as_it_was_leads_to_the_words_that_were_marked(reading, annotator, article, marks, revise, name, words):
    revise(EDITED)
    page = reading(annotator)
    uid = marks[name].uid
    card = page.card(uid)
    if name == "changed":
        card.get_by_text("The passage changed since").click()
    card.get_by_role("link", name="as it was").click()
    expect(page.page.locator(".older")).to_contain_text("This is revision 1, an older text.")
    assert page.page.url.endswith(f"/read/{SLUG}/1/#m{uid}")
    expect(page.page.locator(f"#m{uid}")).to_have_text(words)
    # The browser shows the passage, and the page its card.
    expect(page.page.locator(f"#m{uid}")).to_be_in_viewport()
    expect(page.card(uid)).to_have_class("card own open")
    expect(page.card(uid).locator(".since")).to_have_count(0)


def test_uploaded_file_becomes_a_revision_with_its_own_headline(open_page, owner, article, marks):
    upload = """<!doctype html><html lang="en"><head><title>The Ferry That Somebody Ordered</title></head>
    <body><article><h1>The Ferry That Somebody Ordered</h1>
    <p>The council bought a ferry in spring. Nobody on the island had asked for one.</p>
    <p>Officials familiar with the plan expect it to sail in May. It is blue, and it is empty.</p>
    </article></body></html>"""
    page = open_page(user=owner, path=f"/read/{SLUG}/revise/")
    page.get_by_label("Or upload the new text").set_input_files(
        {"name": "ferry-again.html", "mimeType": "text/html", "buffer": upload.encode()}
    )
    page.get_by_role("button", name="Preview").click()
    expect(heading(page)).to_have_text("Preview of revision 2")
    assert seen(page.locator(".headlines :is(del, ins)")) == [
        "The Ferry That Nobody Ordered", "The Ferry That Somebody Ordered",
    ]  # fmt: skip
    expect(page.locator(".counts")).to_contain_text("3 lose their passage")
    assert "It is blue, and it is empty." in " ".join(seen(page.locator(".comparison ins")))
    publish(page)
    expect(heading(page)).to_have_text("The Ferry That Somebody Ordered")
    assert seen(page.locator("#article mark")) == [STAYS, MAY]
    article.refresh_from_db()
    current = article.current
    assert (current.number, current.source_name, current.source_format) == (2, "ferry-again.html", "html")
    assert bytes(current.source).decode() == upload
    assert (article.slug, article.title) == (SLUG, "The Ferry That Somebody Ordered")
    # The text before keeps the headline it had.
    page.goto(f"/read/{SLUG}/1/")
    expect(heading(page)).to_have_text("The Ferry That Nobody Ordered")


def test_text_that_is_the_same_cannot_be_published(open_page, owner, article):
    made = len(verbs(article))
    page = open_page(user=owner, path=f"/read/{SLUG}/revise/")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("main .empty")).to_contain_text(
        "The text is the same, word for word, as that of revision 1, so there is nothing to publish."
    )
    expect(page.get_by_role("button", name="Publish")).to_have_count(0)
    expect(page.locator(".comparison")).to_have_count(0)
    page.get_by_role("link", name="Go on writing").click()
    expect(editor_of(page)).to_have_value(TEXT)
    assert (Draft.objects.count(), numbers(article), verbs(article, made)) == (1, [1], [])


@pytest.mark.expected_problems("status of 422")
def test_text_that_is_empty_is_refused_beside_its_field(open_page, owner, article):
    page = open_page(user=owner, path=f"/read/{SLUG}/revise/")
    page.get_by_role("textbox", name="What is new").fill("Everything is gone.")
    editor_of(page).fill("")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".errorlist")).to_be_visible()
    expect(page.get_by_role("textbox", name="What is new")).to_have_value("Everything is gone.")
    assert (Draft.objects.count(), numbers(article)) == (0, [1])


def test_draft_waits_until_it_is_thrown_away(open_page, owner, editor, article):
    made = len(verbs(article))
    page = open_page(user=owner)
    draft(page, EDITED)
    page.goto("/")
    page.get_by_role("link", name="New revision of The Ferry That Nobody Ordered").click()
    panel = page.locator("main .panel")
    expect(panel).to_contain_text("This is your draft of")
    expect(editor_of(page)).to_have_value(EDITED)
    panel.get_by_role("link", name="See its preview").click()
    expect(heading(page)).to_have_text("Preview of revision 2")
    # It is one person's sheet of paper: who else may revise begins with the text that is read.
    other = open_page(user=editor, path=f"/read/{SLUG}/revise/")
    expect(editor_of(other)).to_have_value(TEXT)
    expect(other.locator("main .panel")).to_have_count(0)

    page.get_by_role("link", name="Go on writing").click()
    panel.get_by_role("button", name="Throw it away").click()
    expect(page.locator("#notices")).to_contain_text("The draft is thrown away. The article stands as it was.")
    expect(page.locator("#article")).to_contain_text(CREW)
    assert (Draft.objects.count(), numbers(article), verbs(article, made)) == (0, [1], [])
    page.goto(f"/read/{SLUG}/revise/preview/")
    expect(heading(page)).to_have_text("New revision")
    expect(editor_of(page)).to_have_value(TEXT)
    expect(panel).to_have_count(0)


def test_draft_is_thrown_away_from_its_preview(open_page, owner, article):
    page = open_page(user=owner)
    draft(page, EDITED)
    page.get_by_role("button", name="Throw this draft away").click()
    expect(page.locator("#notices")).to_contain_text("The draft is thrown away.")
    assert (Draft.objects.count(), numbers(article)) == (0, [1])


@pytest.mark.expected_problems("status of 409")
def test_two_who_publish_at_once_lose_nothing(open_page, owner, editor, article, annotator, marks):
    theirs = edited(TEXT, CREW, "A crew of twelve, trained and paid.", f" {BET}", "")
    mine, other = open_page(user=owner), open_page(user=editor)
    draft(mine, EDITED)
    draft(other, theirs)
    publish(other)
    mine.get_by_role("button", name="Publish revision 2").click()

    problem = mine.get_by_role("alert")
    expect(problem).to_contain_text("Revision 2 was published in the meantime.")
    expect(problem).to_contain_text("Your text is kept, and stands below beside the current revision.")
    expect(heading(mine)).to_have_text("Preview of revision 3")
    crew = mine.locator(".comparison .row", has_text="A crew of")
    assert (seen(crew.locator("del")), seen(crew.locator("ins"))) == (["twelve"], ["seven"])
    assert numbers(article) == [1, 2]
    draft_kept = Draft.objects.get()
    assert (draft_kept.author, bytes(draft_kept.source).decode().replace("\r\n", "\n")) == (owner, EDITED)
    assert places(marks["changed"])[1] == (2, "changed", "carried", "A crew of twelve, trained and paid.")

    publish(mine, 3)
    article.refresh_from_db()
    assert numbers(article) == [1, 2, 3]
    assert "A crew of seven" in document_of(article.current_id).text
    assert [revision.created_by for revision in article.revisions.order_by("number")] == [owner, editor, owner]
    assert Draft.objects.count() == 0
    assert places(marks["changed"])[2] == (3, "changed", "carried", SMALLER_CREW)
    assert seen(mine.locator("#article mark")) == [STAYS, RAMP, JUNE, SMALLER_CREW]


def test_draft_that_fell_behind_is_told_so_before_it_is_published(open_page, owner, article, revise):
    page = open_page(user=owner, path=f"/read/{SLUG}/revise/")
    revise(edited(TEXT, "sail in May.", "sail in June."))
    editor_of(page).fill(edited(TEXT, CREW, SMALLER_CREW))
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".conflict")).to_contain_text("Revision 2 has come since you began from revision 1.")
    assert seen(page.locator(".comparison del")) == ["June", "nine"]
    assert seen(page.locator(".comparison ins")) == ["May", "seven"]
    publish(page, 3)
    article.refresh_from_db()
    text = document_of(article.current_id).text
    assert (MAY in text, SMALLER_CREW in text) == (True, True)


def test_only_who_may_revise_is_offered_to(open_page, annotator, article):
    page = open_page(user=annotator, path="/")
    expect(page.get_by_role("link", name="The Ferry That Nobody Ordered", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="New revision")).to_have_count(0)
    page.goto(f"/read/{SLUG}/revisions/")
    expect(heading(page)).to_have_text("1 revision")
    expect(page.get_by_role("link", name="Publish a new revision")).to_have_count(0)


# --- reading an older text, and marks that go along -------------------------------------------------------------------


def test_older_revision_says_so_and_leads_to_the_current_one(open_page, annotator, article, revise):
    revise(EDITED)
    page = open_page(user=annotator, path=f"/read/{SLUG}/1/")
    banner = page.get_by_role("note")
    expect(banner).to_contain_text(
        "This is revision 1, an older text. Marks that are made here go along to the current"
    )
    banner.get_by_role("link", name="Read the current text").click()
    expect(page.locator("#article")).to_contain_text(SMALLER_CREW)
    assert page.url.endswith(f"/read/{SLUG}/")
    expect(page.get_by_role("note")).to_have_count(0)
    page.go_back()
    banner.get_by_role("link", name="Compare").click()
    expect(heading(page)).to_have_text("Revision 1 and revision 2")


def test_mark_made_on_an_older_text_is_on_the_current_one_as_well(open_page, annotator, article, revise):
    first = article.current
    revise(EDITED)
    made = len(verbs(article))
    page = ReadingPage(open_page(user=annotator), first)
    page.select(CREW)
    expect(page.bar).to_be_visible()
    page.press("c")
    page.expect_marked(CREW)
    page.is_saved()
    annotation = Annotation.objects.get()
    assert (annotation.revision, annotation.quote) == (first, CREW)
    assert places(annotation) == [(1, "exact", "chosen", CREW), (2, "changed", "carried", SMALLER_CREW)]
    assert verbs(article, made)[0] == ("mark-created", "annotator")
    page.page.get_by_role("link", name="Read the current text").click()
    page.expect_marked(SMALLER_CREW)
    expect(page.card(annotation.uid)).to_contain_text("The passage changed since")


def test_mark_made_on_words_that_are_gone_waits_to_be_checked(open_page, annotator, article, revise):
    first = article.current
    revise(EDITED)
    page = ReadingPage(open_page(user=annotator), first)
    page.select(BET)
    page.press("o")
    page.expect_marked(BET)
    page.is_saved()
    assert places(Annotation.objects.get()) == [(1, "exact", "chosen", BET), (2, "lost", "carried", "")]
    page.page.get_by_role("link", name="Read the current text").click()
    expect(page.page.locator("main .waiting")).to_have_text("1 mark to check: its passage has changed or gone.")
    assert page.marked() == ""


def test_ends_of_a_carried_mark_move_and_z_puts_them_back(reading, annotator, article, marks, revise):
    revise(EDITED)
    made = len(verbs(article))
    annotation = marks["changed"]
    page = reading(annotator)
    card = page.card(annotation.uid)
    expect(card.get_by_text("The passage changed since")).to_be_visible()
    card.hover()
    card.get_by_role("link", name="Edit this mark").click()
    expect(card.get_by_role("textbox", name="Note")).to_be_focused()
    card.get_by_role("button", name="End a word earlier").click()
    card.get_by_role("button", name="End a word earlier").click()
    card.get_by_role("button", name="Begin a word later").click()
    shorter = "crew of seven, trained and"
    assert page.painted("pending") == [shorter]
    expect(card.locator("[data-passage]")).to_have_text(shorter)
    card.get_by_role("button", name="Save").click()
    page.expect_marked("|".join([STAYS, RAMP, JUNE, shorter]))
    page.is_saved()
    # A person has chosen there, so that this text is its home now; where it stood before, it stands still.
    expect(card.locator(".since")).to_have_count(0)
    annotation.refresh_from_db()
    assert (annotation.quote, annotation.revision.number, annotation.note) == (shorter, 2, "Nine is a lot.")
    assert places(annotation) == [(1, "exact", "chosen", CREW), (2, "exact", "chosen", shorter)]

    page.press("z")
    page.expect_marked("|".join([STAYS, RAMP, JUNE, SMALLER_CREW]))
    expect(page.notices).to_contain_text("Undone: your mark stands on “")
    expect(card.get_by_text("The passage changed since")).to_be_visible()
    annotation.refresh_from_db()
    assert (annotation.quote, annotation.revision.number) == (CREW, 1)
    assert places(annotation) == [(1, "exact", "chosen", CREW), (2, "changed", "carried", SMALLER_CREW)]
    happened = [verb for verb, _ in verbs(article, made)]
    assert [verb for verb in happened if verb.startswith("mark-")] == ["mark-edited", "mark-undone"]


# --- comparing --------------------------------------------------------------------------------------------------------


def widths(page: Page) -> tuple[int, int]:
    """(How wide the page is, how wide its window is): a telephone zooms out when the first is the greater one."""
    return tuple(page.evaluate("[document.documentElement.scrollWidth, innerWidth]"))


def open_comparison(page: Page, query: str = "", old: int = 1, new: int = 2) -> None:
    page.goto(f"/read/{SLUG}/compare/{old}/{new}/{query}")
    expect(heading(page)).to_have_text(f"Revision {old} and revision {new}")


def test_any_two_of_the_revisions_are_compared(open_page, annotator, article, revise):
    revise(edited(TEXT, CREW, SMALLER_CREW), note="Fewer people.")
    revise(edited(TEXT, CREW, SMALLER_CREW, "sail in May.", "sail in June."))
    page = open_page(user=annotator, path=f"/read/{SLUG}/revisions/")
    expect(heading(page)).to_have_text("3 revisions")
    rows = page.locator(".revisions > li")
    assert seen(rows.locator("h2")) == ["Revision 3 current", "Revision 2", "Revision 1"]
    # The last two are chosen.
    expect(page.get_by_role("radio", name="from revision 2")).to_be_checked()
    expect(page.get_by_role("radio", name="to revision 3")).to_be_checked()
    page.get_by_role("radio", name="from revision 1").check()
    page.get_by_role("radio", name="to revision 2").check()
    page.get_by_role("button", name="Compare these two").click()
    expect(heading(page)).to_have_text("Revision 1 and revision 2")
    assert page.url.split("?")[0].endswith(f"/read/{SLUG}/compare/1/2/")
    expect(page.locator(".published")).to_contain_text("Fewer people.")
    assert (seen(page.locator(".comparison del")), seen(page.locator(".comparison ins"))) == (["nine"], ["seven"])
    page.get_by_label("with", exact=True).select_option("revision 3")
    page.get_by_role("button", name="Show").click()
    expect(heading(page)).to_have_text("Revision 1 and revision 3")
    assert seen(page.locator(".comparison ins")) == ["June", "seven"]


def test_comparison_in_one_column_and_side_by_side(open_page, marks, revise):
    revise(EDITED)
    page = open_page()
    open_comparison(page)
    assert seen(page.locator(".summary > *")) == ["2 words added", "9 words removed", "1 paragraph moved"]
    crew = page.locator(".comparison.inline .row.changed", has_text="A crew of")
    assert (seen(crew.locator("del")), seen(crew.locator("ins"))) == (["nine"], ["seven"])
    # What is struck out and what is underlined is said, too.
    expect(crew.locator(".words")).to_have_text("A crew of [removed: nine][added: seven], trained and paid.")
    unchanged = page.locator(".comparison details.unchanged")
    expect(unchanged.first.locator(".row").first).to_be_hidden()
    unchanged.first.locator("summary").click()
    expect(unchanged.first.locator(".row").first).to_be_visible()

    page.get_by_label("Layout").select_option("side by side")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".comparison.split")).to_be_visible()
    crew = page.locator(".row.changed", has_text="A crew of")
    old, new = crew.locator(".side.old .words"), crew.locator(".side.new .words")
    assert (seen(old), seen(new)) == ([CREW], [SMALLER_CREW])
    left, right = old.bounding_box(), new.bounding_box()
    assert left["x"] + left["width"] <= right["x"]
    assert left["y"] == right["y"]
    # What moved leaves a gap on the side where it is not.
    away, here = page.locator(".row.moved-away"), page.locator(".row.moved-here")
    assert (seen(away.locator(".old .words")), seen(away.locator(".new"))) == ([RAMP], [""])
    assert (seen(here.locator(".old")), seen(here.locator(".new .words"))) == ([""], [RAMP])


def test_comparison_shows_marks_or_hides_them(open_page, marks, revise):
    revise(EDITED)
    page = open_page()
    open_comparison(page)
    marked = page.locator(".comparison .row", has_text="A crew of").locator("mark")
    assert seen(marked) == ["A crew of", "nine", "seven", ", trained and paid."]
    page.get_by_label("Marks", exact=True).select_option("hidden")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".comparison mark")).to_have_count(0)
    assert seen(page.locator(".row.changed ins")) == ["June", "seven"]


def test_comparison_shows_only_what_changed_in_passages_marked_claim(open_page, marks, revise):
    revise(EDITED)
    page = open_page()
    open_comparison(page)
    assert len(seen(page.locator(".row:not(.same)"))) == 5
    page.get_by_role("link", name="What was quietly changed").click()
    expect(page.get_by_label("What touches")).to_have_value(str(marks["changed"].tags.get().pk))
    rows = page.locator(".comparison .row")
    expect(rows).to_have_count(2)
    assert (seen(rows.locator("del")), seen(rows.locator("ins"))) == (["May", "nine"], ["June", "seven"])
    assert seen(rows.locator(".words"))[1] == "A crew of nineseven, trained and paid."

    page.get_by_role("link", name="Show every change").click()
    expect(page.get_by_label("What touches")).to_have_value("")
    expect(page.locator(".row.changed")).to_have_count(3)

    page.get_by_label("What touches").select_option("passages marked “opinion”")
    page.get_by_role("button", name="Show").click()
    expect(rows).to_have_count(3)
    assert seen(rows.locator(".what")) == ["Moved to here", "Moved from here"]
    assert seen(page.locator(".row.changed del")) == [BET]


def test_comparison_says_when_no_change_touches_a_passage(open_page, article, marks, revise):
    revise(edited(TEXT, "The council bought", "The council rented"))
    page = open_page()
    open_comparison(page)
    page.get_by_role("link", name="What was quietly changed").click()
    expect(page.locator("main .empty")).to_have_text("No change touches a passage marked “claim” in public.")
    expect(page.locator(".comparison")).to_have_count(0)


LONG = "Harbour" * 24  # a word that no line of a telephone can hold


@pytest.mark.parametrize("view", ["inline", "split"])
def test_comparison_fits_a_telephone(open_page, marks, revise, view):
    revise(edited(EDITED, "trained and paid", f"trained and paid by {LONG}"))
    page = open_page(viewport=(390, 844), touch=True)
    for query in (f"?view={view}", f"?view={view}&marks=off"):
        open_comparison(page, query)
        expect(page.locator(f".comparison.{view}")).to_be_visible()
        assert widths(page) == (390, 390)
    crew = page.locator(".row.changed", has_text="A crew of")
    if view == "split":
        # One below the other, and each says which it is.
        old, new = crew.locator(".old").bounding_box(), crew.locator(".new").bounding_box()
        assert old["y"] + old["height"] <= new["y"]
        assert seen(crew.locator(".what")) == ["Before", "After"]
        expect(crew.locator(".what").first).to_be_visible()
    page.locator("details.unchanged summary").first.tap()
    expect(page.locator("details.unchanged .row .words").last).to_be_attached()
    assert widths(page) == (390, 390)
    page.get_by_role("link", name="What was quietly changed").tap()
    expect(page.locator(".comparison .row")).to_have_count(2)
    assert widths(page) == (390, 390)


@pytest.fixture
def long_words(revise: Callable[..., Revision]) -> Revision:
    """A second revision with a word in its text, and one in what is said about it, that no line can hold."""
    return revise(edited(EDITED, "trained and paid", f"trained and paid by {LONG}"), note=f"By {LONG}")


def test_list_of_revisions_fits_a_telephone(open_page, owner, long_words):
    page = open_page(user=owner, viewport=(390, 844), touch=True, path=f"/read/{SLUG}/revisions/")
    expect(heading(page)).to_have_text("2 revisions")
    assert widths(page) == (390, 390)


def test_note_with_a_long_word_fits_a_telephone_when_compared(open_page, long_words):
    page = open_page(viewport=(390, 844), touch=True)
    open_comparison(page)
    assert widths(page) == (390, 390)


def test_revision_is_written_and_published_with_a_telephone(open_page, owner, article, marks, long_words):
    page = open_page(user=owner, viewport=(390, 844), touch=True, path=f"/read/{SLUG}/revise/")
    expect(heading(page)).to_have_text("New revision")
    assert widths(page) == (390, 390)
    editor_of(page).fill(TEXT)
    page.get_by_role("button", name="Preview").tap()
    expect(heading(page)).to_have_text("Preview of revision 3")
    assert widths(page) == (390, 390)
    page.get_by_role("button", name="Publish revision 3").tap()
    expect(page.locator("#notices")).to_contain_text("Revision 3 is published.")
    assert numbers(article) == [1, 2, 3]
    page.goto(f"/read/{SLUG}/2/")
    expect(page.get_by_role("note")).to_contain_text("This is revision 2, an older text.")
    assert widths(page) == (390, 390)


def test_comparison_is_read_without_scripts(open_page, marks, revise):
    revise(EDITED)
    page = open_page(javascript=False)
    open_comparison(page)
    crew = page.locator(".row.changed", has_text="A crew of")
    expect(crew).to_be_visible()
    assert (seen(crew.locator("del")), seen(crew.locator("ins"))) == (["nine"], ["seven"])
    page.get_by_label("Layout").select_option("side by side")
    page.get_by_label("What touches").select_option("passages marked “claim”")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".comparison.split .row")).to_have_count(2)
    assert seen(page.locator(".row .new .words")) == [
        f"Every morning 👩‍👩‍👧 families count the gulls 🌊 in the café. Officials familiar with the plan {JUNE}",
        SMALLER_CREW,
    ]


def test_revision_is_published_without_scripts(open_page, owner, article, marks):
    page = open_page(user=owner, javascript=False)
    draft(page, EDITED)
    assert seen(page.locator(".row.changed ins")) == ["June", "seven"]
    publish(page)
    assert seen(page.locator("#article mark")) == [STAYS, RAMP, JUNE, SMALLER_CREW]
    assert numbers(article) == [1, 2]
    # Without scripts the card stands beside the text as it does with them.
    since = page.locator(f"#card-{marks['changed'].uid} details.since")
    since.locator("summary").click()
    assert seen(since.locator("dd")) == [CREW, SMALLER_CREW]

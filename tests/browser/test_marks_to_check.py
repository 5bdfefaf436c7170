"""Marks whose passage a revision changed or took away: the list of them, and every way to say where they stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from annotations.models import Anchor, Annotation
from opslens.articles.documents import document_of
from opslens.models import Article, Event, Revision
from tests.browser.conftest import TEXT, edited, places, rows
from tests.browser.reading import ReadingPage

TRAY = "/marks/check/"
STAYS = "Nobody on the island had asked for one."
AGAIN, WAITS = "the ferry waits again", "The ferry waits."
BET = "Only a fool would bet on it."
MAY, JUNE = "expect it to sail in May.", "expect it to sail in June."


# What is taken away leaves something that resembles it; the bet goes to two places; the month becomes another.
EDITED = edited(
    TEXT,
    "The ferry waits,\nthe pier waits, and the ferry waits again.", WAITS,
    f" {BET}", "",
    "The council bought", f"{BET} The council bought",
    "## What it", f"{BET}\n\n## What it",
    "sail in May.", "sail in June.",
)  # fmt: skip


@pytest.fixture
def astray(mark: Callable[..., Annotation], annotator: Any, revise: Callable[..., Revision]) -> dict[str, Annotation]:
    """A mark that stays, one that is lost, one that could stand at two places, and one on words that changed; the text
    of revision 2 is read."""
    made = {
        "stays": mark(annotator, STAYS, "opinion"),
        "lost": mark(annotator, AGAIN, "claim", note="Who says so?"),
        "ambiguous": mark(annotator, BET, "opinion"),
        "doubtful": mark(annotator, MAY, "claim", "unsourced"),
    }
    revise(EDITED)
    return made


@pytest.fixture
def tray(open_page: Callable[..., Page], annotator: Any, astray: dict[str, Annotation]) -> Callable[..., Page]:
    """`tray()`: the annotator's list of marks to check; options as for `open_page`."""
    return lambda **options: open_page(user=annotator, path=TRAY, **options)


def case(page: Page, annotation: Annotation) -> Locator:
    return page.locator(f"#case-{annotation.uid}")


def happened(annotation: Annotation) -> list[str]:
    """The verbs of what has happened to a mark."""
    return list(Event.objects.filter(subject=annotation.subject).order_by("number").values_list("verb", flat=True))


def attached_to(annotation: Annotation, words: str, *, at: int | None = None) -> None:
    """Check that the annotator has put the mark on these words of revision 2, and that the page shows nothing else."""
    annotation.refresh_from_db()
    assert (annotation.revision.number, annotation.quote) == (2, words)
    assert places(annotation)[-1] == (2, "exact", "chosen", words)
    assert happened(annotation) == ["mark-created", "passage-changed", "mark-attached"]
    anchor = Anchor.objects.get(annotation=annotation, revision=annotation.revision)
    text = document_of(anchor.revision_id).text
    assert anchor.start == (text.index(words) if at is None else at)


def waiting_in_library(page: Page) -> Locator:
    page.goto("/")
    expect(page.get_by_role("heading", name="Library")).to_be_visible()
    return page.locator(".library-row .waiting")


def expect_to_wait(page: Page, article: Article, number: int) -> None:
    """Check that this number of marks to check is told in the library and above the text."""
    words = f"{number} mark{'s' if number > 1 else ''} to check"
    in_library = waiting_in_library(page)
    if number:
        expect(in_library).to_have_text(words)
    else:
        expect(in_library).to_have_count(0)
    page.goto(article.get_absolute_url())
    above = page.locator("main.reading .waiting")
    expect(page.locator("#article")).to_be_visible()
    if number:
        expect(above.get_by_role("link")).to_have_text(words)
    else:
        expect(above).to_have_count(0)


# --- the list --------------------------------------------------------------------------------------------------------


def test_marks_that_lost_their_passage_wait_for_their_author(open_page, annotator, article, astray):
    page = open_page(user=annotator)
    expect_to_wait(page, article, 3)
    waiting_in_library(page).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Marks to check")
    expect(page.locator(".kicker")).to_have_text(article.title)
    cases = page.locator(".case")
    expect(cases.locator("h2")).to_have_text(
        ["The passage changed", "The passage stands at several places", "The passage is gone"]
    )
    lost, ambiguous, doubtful = (case(page, astray[name]) for name in ("lost", "ambiguous", "doubtful"))
    expect(lost.locator(".was mark")).to_have_text(AGAIN)
    expect(lost.locator(".was .excerpt")).to_contain_text(f"The ferry waits, the pier waits, and {AGAIN}.")
    expect(lost.locator(".now mark").first).to_have_text(WAITS)
    expect(lost.locator(".now li").first).to_contain_text("% alike")
    expect(lost.locator(".note")).to_have_text("Who says so?")
    expect(lost.locator(".tags")).to_have_text("claim")
    expect(ambiguous.locator(".now mark")).to_have_text([BET, BET])
    expect(ambiguous.get_by_role("button", name="Attach here")).to_have_count(2)
    # What is struck out and what is underlined is said, too.
    expect(doubtful.locator(".was mark")).to_have_text("expect it to sail in [removed: May].")
    expect(doubtful.locator(".now mark")).to_have_text("expect it to sail in [added: June].")
    expect(doubtful.get_by_role("button", name="Attach here")).to_have_count(0)
    lost.get_by_role("link", name="where it stood").click()
    expect(page.locator(f"#m{astray['lost'].uid}")).to_have_text(AGAIN)
    expect(page.get_by_role("note")).to_contain_text("This is revision 1, an older text.")


def test_marks_of_others_wait_for_them(open_page, second_annotator, article, astray):
    page = open_page(user=second_annotator, path=TRAY)
    expect(page.locator("main .empty")).to_contain_text("Nothing to check.")
    expect_to_wait(page, article, 0)
    # Nor can anybody else be led to attach one of them.
    page.goto(f"{article.get_absolute_url()}?attach={astray['lost'].uid}")
    expect(page.locator("#article")).to_contain_text(WAITS)
    expect(page.locator("#attaching")).to_have_count(0)


def test_nothing_is_to_be_checked_before_there_is_a_revision(open_page, annotator, article, mark):
    mark(annotator, AGAIN, "claim")
    page = open_page(user=annotator, path=TRAY)
    expect(page.locator("main .empty")).to_contain_text("When a revision changes a passage that you marked")
    expect_to_wait(page, article, 0)


# --- attaching to a place that is proposed ---------------------------------------------------------------------------


def test_lost_mark_is_attached_to_what_resembles_it_and_taken_back(tray, article, astray):
    page = tray()
    lost = astray["lost"]
    before = rows()
    case(page, lost).get_by_role("button", name=f"Attach here: {WAITS}").click()
    expect(case(page, lost)).to_have_count(0)
    expect(page.locator("#notices")).to_contain_text("The mark is attached.")
    expect(page.locator(".case")).to_have_count(2)
    attached_to(lost, WAITS)
    assert rows()[1] == (WAITS, "Who says so?", ["claim"], "public")

    page.locator("#notices").get_by_role("button", name="Undo").click()
    expect(page.locator("#notices")).to_contain_text("Taken back: the mark waits here again.")
    expect(case(page, lost)).to_be_visible()
    expect(page.locator(".case")).to_have_count(3)
    lost.refresh_from_db()
    assert (lost.revision.number, rows()) == (1, before)
    assert places(lost) == [(1, "exact", "chosen", AGAIN), (2, "lost", "carried", "")]
    assert happened(lost) == ["mark-created", "passage-changed", "mark-attached", "mark-undone"]
    expect_to_wait(page, article, 3)


def test_attached_mark_counts_no_more_and_stands_in_the_text(tray, article, astray):
    page = tray()
    lost = astray["lost"]
    case(page, lost).get_by_role("button", name=f"Attach here: {WAITS}").click()
    expect(case(page, lost)).to_have_count(0)
    attached_to(lost, WAITS)
    expect_to_wait(page, article, 2)
    expect(page.locator(f"#m{lost.uid}")).to_have_text(WAITS)
    expect(page.locator(f"#card-{lost.uid}")).to_contain_text("Who says so?")
    expect(page.locator(f"#card-{lost.uid} .since")).to_have_count(0)


def test_ambiguous_mark_goes_to_the_place_that_is_chosen(tray, article, astray):
    page = tray()
    ambiguous = astray["ambiguous"]
    case(page, ambiguous).get_by_role("button", name="Attach here").last.click()
    expect(case(page, ambiguous)).to_have_count(0)
    text = document_of(article.current_id).text
    attached_to(ambiguous, BET, at=text.rindex(BET))
    page.goto(article.get_absolute_url())
    expect(page.locator(f"#m{ambiguous.uid}")).to_have_text(BET)
    # In the paragraph of its own, not in the first one.
    assert page.locator(".blocks p", has=page.locator(f"#m{ambiguous.uid}")).inner_text().startswith(BET)


def test_mark_is_attached_and_that_is_taken_back_with_keys(tray, astray):
    page = tray()
    lost = astray["lost"]
    case(page, lost).get_by_role("button", name=f"Attach here: {WAITS}").focus()
    page.keyboard.press("Enter")
    expect(case(page, lost)).to_have_count(0)
    attached_to(lost, WAITS)
    # The button that had the focus is gone, and who works with keys is not sent back to the beginning.
    page.wait_for_function("() => document.activeElement !== document.body")
    page.locator("#notices").get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    expect(case(page, lost)).to_be_visible()
    assert places(lost)[-1] == (2, "lost", "carried", "")


@pytest.mark.expected_problems("status of 409")
def test_second_window_does_not_attach_what_the_first_has_attached(tray, astray):
    one, other = tray(), tray()
    ambiguous = astray["ambiguous"]
    case(one, ambiguous).get_by_role("button", name="Attach here").first.click()
    expect(case(one, ambiguous)).to_have_count(0)
    case(other, ambiguous).get_by_role("button", name="Attach here").last.click()
    expect(other.locator("#notices")).to_contain_text("This mark was changed in the meantime.")
    expect(case(other, ambiguous)).to_be_visible()
    attached_to(ambiguous, BET)


@pytest.mark.expected_problems("status of 409")
def test_place_in_a_text_that_is_not_current_any_more_is_refused(tray, astray, revise):
    page = tray()
    revise(edited(EDITED, WAITS, "The ferry is gone."))
    case(page, astray["ambiguous"]).get_by_role("button", name="Attach here").first.click()
    expect(page.locator("#notices")).to_contain_text("The article has a newer revision. Choose the passage there.")
    expect(case(page, astray["ambiguous"])).to_be_visible()
    assert {words for _, _, method, words in places(astray["ambiguous"]) if method == "chosen"} == {BET}
    assert "mark-attached" not in happened(astray["ambiguous"])


# --- leaving ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "label"), [("lost", "Leave it"), ("doubtful", "It still holds")])
def test_mark_is_left_as_it_is_and_that_is_taken_back(tray, article, astray, name, label):
    page = tray()
    annotation = astray[name]
    before = places(annotation)
    case(page, annotation).get_by_role("button", name=label).click()
    expect(case(page, annotation)).to_have_count(0)
    expect(page.locator("#notices")).to_contain_text("Left as it is.")
    here = Anchor.objects.get(annotation=annotation, revision_id=article.current_id)
    assert (here.looked_at is not None, places(annotation)) == (True, before)
    assert happened(annotation)[-1] == "passage-left"

    page.locator("#notices").get_by_role("button", name="Undo").click()
    expect(page.locator("#notices")).to_contain_text("The mark waits here again.")
    expect(case(page, annotation)).to_be_visible()
    here.refresh_from_db()
    assert (here.looked_at, places(annotation)) == (None, before)
    assert happened(annotation)[-2:] == ["passage-left", "passage-reopened"]
    expect_to_wait(page, article, 3)


def test_marks_that_were_left_are_listed_and_looked_at_again(tray, article, astray):
    page = tray()
    for name in ("lost", "doubtful"):
        case(page, astray[name]).get_by_role("button", name="Leave it" if name == "lost" else "It still holds").click()
        expect(case(page, astray[name])).to_have_count(0)
    expect_to_wait(page, article, 1)
    page.goto(TRAY)
    page.get_by_role("link", name="2 left as they are").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Marks left as they are")
    expect(page.locator(".case")).to_have_count(2)
    case(page, astray["lost"]).get_by_role("button", name="Look at it again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Marks to check")
    expect(case(page, astray["lost"])).to_be_visible()
    expect(page.locator(".case")).to_have_count(2)
    assert happened(astray["lost"])[-2:] == ["passage-left", "passage-reopened"]
    expect_to_wait(page, article, 2)


def test_last_case_makes_room_for_the_news_that_nothing_is_left(open_page, annotator, article, mark, revise):
    only = mark(annotator, AGAIN, "claim")
    revise(EDITED)
    page = open_page(user=annotator, path=TRAY)
    case(page, only).get_by_role("button", name="Leave it").click()
    expect(page.locator(".case")).to_have_count(0)
    expect(page.get_by_text("Nothing to check.")).to_be_visible()


# --- attaching by selecting ------------------------------------------------------------------------------------------


@pytest.fixture
def to_attach(tray, article, astray) -> Callable[..., tuple[ReadingPage, Locator]]:
    """`to_attach()`: from the lost mark's case to the text, where its new passage is chosen; and the form there."""

    def follow(**options: Any) -> tuple[ReadingPage, Locator]:
        page = tray(**options)
        link = case(page, astray["lost"]).get_by_role("link", name="Attach by selecting")
        (link.tap if options.get("touch") else link.click)()
        task = page.get_by_role("region", name="Attach a mark")
        expect(task).to_contain_text(f"Select the words on which this mark stands now. It stood on: {AGAIN}")
        expect(task.get_by_role("button", name="Attach here")).to_be_disabled()
        expect(page.locator("#b2")).to_be_in_viewport()
        worked = ReadingPage(page, article, f"?attach={astray['lost'].uid}")
        return worked, task

    return follow


# The paragraph with that id, or what is chosen, is not hidden by what sticks to the top of the window.
UNCOVERED = """(id) => {
    const [range] = CSS.highlights.get("pending") ?? [];
    const { top, bottom } = (id ? document.getElementById(id) : range).getBoundingClientRect();
    const bar = document.getElementById("attaching").getBoundingClientRect();
    return top >= bar.bottom && bottom <= innerHeight;
}"""


@pytest.mark.parametrize(
    "size", [{"viewport": (1280, 500)}, {"viewport": (390, 844), "touch": True}], ids=["desk", "phone"]
)
def test_link_leads_to_what_resembles_the_passage_most(tray, astray, size):
    page = tray(**size)
    case(page, astray["lost"]).get_by_role("link", name="Attach by selecting").click()
    expect(page.locator("#attaching")).to_be_visible()
    page.wait_for_function(UNCOVERED, arg="b2")


def test_sentence_that_is_chosen_with_keys_is_not_under_the_bar(to_attach, astray):
    page, _ = to_attach(viewport=(1280, 500))
    page.press("s")
    page.expect_said("A ferry without passengers is a promise without a date.")
    said = [
        "Only a fool",
        "A ferry",
        "Every morning",
        "Only a fool",
        "What it",
        "A crew",
        "A timetable",
        "When the ramp",
    ]
    for keys in (zip("j" * 8, said, strict=True), zip("k" * 7, said[-2::-1], strict=True)):
        for key, words in keys:
            page.press(key)
            page.expect_said(words)
            page.page.wait_for_function(UNCOVERED, arg="")


def expect_attached(page: ReadingPage, annotation: Annotation, words: str) -> None:
    expect(page.notices).to_contain_text("The mark is attached.")
    expect(page.page.locator(f"#m{annotation.uid}")).to_have_text(words)
    expect(page.page.locator("#attaching")).to_have_count(0)
    attached_to(annotation, words)


def test_passage_is_selected_with_the_mouse(to_attach, article, astray):
    page, task = to_attach()
    button = task.get_by_role("button", name="Attach here")
    page.select("The ferry waits")
    expect(button).to_be_enabled()
    # No new mark is meant: its bar stays away, and its keys do nothing.
    expect(page.bar).to_be_hidden()
    page.press("c")
    # A press on the button does not take the selection away.
    button.click()
    expect_attached(page, astray["lost"], "The ferry waits")
    assert rows()[1] == ("The ferry waits", "Who says so?", ["claim"], "public")
    assert Annotation.objects.count() == 4
    expect_to_wait(page.page, article, 2)


def test_button_waits_for_a_selection(to_attach, astray):
    page, task = to_attach()
    button = task.get_by_role("button", name="Attach here")
    page.select("harbour master")
    expect(button).to_be_enabled()
    page.click("Every morning")
    expect(button).to_be_disabled()
    page.select(WAITS)
    expect(button).to_be_enabled()
    page.press("Escape")
    expect(button).to_be_disabled()
    task.get_by_role("link", name="Not now").click()
    expect(case(page.page, astray["lost"])).to_be_visible()
    assert places(astray["lost"])[-1] == (2, "lost", "carried", "")


def test_passage_is_chosen_with_keys_alone(to_attach, astray):
    page, task = to_attach()
    button = task.get_by_role("button", name="Attach here")
    page.press("s")
    page.expect_said("A ferry without passengers is a promise without a date.")
    page.press("j", "j", "ArrowRight", "ArrowRight")
    page.expect_said(WAITS)
    assert page.painted("pending") == [WAITS]
    expect(button).to_be_enabled()
    page.press("Enter")
    expect(button).to_be_focused()
    page.press("Enter")
    expect_attached(page, astray["lost"], WAITS)


def test_passage_is_selected_with_fingers(to_attach, astray):
    page, task = to_attach(viewport=(390, 844), touch=True)
    button = task.get_by_role("button", name="Attach here")
    page.select_by_touch(WAITS)
    expect(button).to_be_enabled()
    expect(button).to_be_in_viewport()
    button.tap()
    expect_attached(page, astray["lost"], WAITS)


def test_attachment_is_taken_back_with_z_in_the_text(to_attach, article, astray):
    page, task = to_attach()
    page.select(WAITS)
    task.get_by_role("button", name="Attach here").click()
    expect_attached(page, astray["lost"], WAITS)
    expect(page.card(astray["lost"].uid)).to_be_visible()
    page.press("z")
    expect(page.card(astray["lost"].uid)).to_have_count(0)
    expect(page.page.locator(f"#m{astray['lost'].uid}")).to_have_count(0)
    page.is_saved()
    assert places(astray["lost"]) == [(1, "exact", "chosen", AGAIN), (2, "lost", "carried", "")]
    assert rows()[1] == (AGAIN, "Who says so?", ["claim"], "public")
    expect_to_wait(page.page, article, 3)


@pytest.mark.expected_problems("status of 409")
def test_selection_in_a_text_that_was_revised_meanwhile_is_not_attached(to_attach, astray, revise):
    page, task = to_attach()
    page.select(WAITS)
    expect(task.get_by_role("button", name="Attach here")).to_be_enabled()
    revise(edited(EDITED, "The council bought", "The council rented"))
    task.get_by_role("button", name="Attach here").click()
    expect(page.page.get_by_role("alert")).to_have_text("The article has a newer revision. Choose the passage there.")
    expect(page.page.get_by_role("heading", level=1)).to_have_text("Attach a mark")
    assert "mark-attached" not in happened(astray["lost"])


# --- without scripts -------------------------------------------------------------------------------------------------


def test_sentences_are_chosen_without_scripts(tray, article, astray):
    page = tray(javascript=False)
    lost = astray["lost"]
    case(page, lost).get_by_role("link", name="Choose sentences").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Attach a mark")
    expect(page.locator(".was mark")).to_have_text(AGAIN)
    # The paragraph with what resembles it most is open.
    expect(page.get_by_role("group", name="Sentences of paragraph 3")).to_be_visible()
    page.get_by_role("checkbox", name="So says the harbour master, who ought to know.").check()
    page.get_by_role("checkbox", name=WAITS).check()
    page.get_by_role("button", name="Attach here").click()
    both = f"So says the harbour master, who ought to know. {WAITS}"
    expect(page.locator("#notices")).to_contain_text("The mark is attached.")
    expect(page.locator(f"#m{lost.uid}")).to_have_text(both)
    attached_to(lost, both)
    expect_to_wait(page, article, 2)


def test_words_are_quoted_without_scripts(tray, astray):
    page = tray(javascript=False)
    lost = astray["lost"]
    case(page, lost).get_by_role("link", name="Choose sentences").click()
    page.get_by_role("link", name="Next paragraph").click()
    expect(page.get_by_role("group", name="Sentences of paragraph 4")).to_be_visible()
    page.get_by_label("Or quote exactly").fill("count the gulls")
    page.get_by_role("button", name="Attach here").click()
    expect(page.locator(f"#m{lost.uid}")).to_have_text("count the gulls")
    attached_to(lost, "count the gulls")


@pytest.mark.expected_problems("status of 422")
def test_wrong_choice_is_explained_without_scripts(tray, astray):
    page = tray(javascript=False)
    case(page, astray["lost"]).get_by_role("link", name="Choose sentences").click()
    page.get_by_role("button", name="Attach here").click()
    expect(page.get_by_role("alert")).to_have_text("Tick at least one sentence, or quote the words.")
    page.get_by_label("Or quote exactly").fill("the ferry has sailed")
    page.get_by_role("button", name="Attach here").click()
    expect(page.get_by_role("alert")).to_contain_text("These words are not in this paragraph.")
    expect(page.get_by_label("Or quote exactly")).to_have_value("the ferry has sailed")
    expect(page.get_by_role("group", name="Sentences of paragraph 3")).to_be_visible()
    assert places(astray["lost"])[-1] == (2, "lost", "carried", "")


def test_cases_are_decided_without_scripts(tray, article, astray):
    page = tray(javascript=False)
    case(page, astray["lost"]).get_by_role("button", name="Leave it").click()
    expect(page.locator("#notices")).to_contain_text("Left as it is.")
    expect(page.locator(".case")).to_have_count(2)
    case(page, astray["ambiguous"]).get_by_role("button", name="Attach here").first.click()
    expect(page.locator("#notices")).to_contain_text("The mark is attached.")
    expect(page.locator(f"#m{astray['ambiguous'].uid}")).to_have_text(BET)
    attached_to(astray["ambiguous"], BET)
    assert happened(astray["lost"])[-1] == "passage-left"
    expect_to_wait(page, article, 1)
    page.goto(f"{TRAY}?left=yes")
    page.get_by_role("button", name="Look at it again").click()
    expect(case(page, astray["lost"])).to_be_visible()


def test_text_says_how_to_attach_without_scripts(tray, astray):
    page = tray(javascript=False)
    case(page, astray["lost"]).get_by_role("link", name="Attach by selecting").click()
    task = page.get_by_role("region", name="Attach a mark")
    expect(task.get_by_role("button", name="Attach here")).to_be_disabled()
    task.get_by_role("link", name="Choose sentences").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Attach a mark")


# --- a telephone -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [TRAY, "/marks/{uid}/attach/?block=2", "/read/{slug}/?attach={uid}"])
def test_page_with_a_long_word_fits_a_telephone(open_page, annotator, article, mark, revise, path):
    word = "Harbour" * 24
    made = mark(annotator, AGAIN, "claim", note=f"See https://example.org/{word}")
    revise(edited(EDITED, WAITS, f"The ferry waits {word}."))
    page = open_page(user=annotator, viewport=(390, 844), touch=True)
    page.goto(path.format(uid=made.uid, slug=article.slug))
    expect(page.locator("main")).to_be_visible()
    # A telephone zooms out when the page is wider than its window.
    assert page.evaluate("[document.documentElement.scrollWidth, innerWidth]") == [390, 390]

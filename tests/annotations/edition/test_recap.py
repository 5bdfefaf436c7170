"""The recap of a session: who reads what of it, what it counts, and what people wrote in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.test import Client
from markdown_it import MarkdownIt

from annotations.edition.recap.markdown import plain, quoted
from annotations.edition.recap.queries import recap_for
from annotations.models import Assignment, Decision, Member, Question, TeamSession
from annotations.teams.people.actions import add_member
from annotations.teams.progress.actions import ask
from opslens.models import Article
from tests.support.teams import mark_in, move_on, seat_of, start_session
from tests.text.attacks import CASES, source_of

MONDAY, GUESS, FISHERMEN = "The council passed the levy on Monday.", "That is a guess.", "Nobody asked the fishermen."


def urls(session: TeamSession) -> list[str]:
    return [f"/team/{session.uid}/recap/", f"/team/{session.uid}/recap.md"]


@pytest.mark.parametrize("phase", TeamSession.ORDER)
def test_members_read_the_recap_from_settling_on(lead, readers, outsider, article, client_of, phase):
    session = start_session(lead, article, annotators=readers[:1], phase=phase)
    status = 404 if phase in TeamSession.ORDER[:3] else 200
    for url in urls(session):
        assert [client_of(who).get(url).status_code for who in (lead, readers[0], outsider)] == [status, status, 404]
        assert Client().get(url)["Location"].startswith("/account/sign-in/")


def test_the_most_contested_passages_come_with_votes_decisions_and_reasons(published, readers):
    recap = recap_for(readers[0], seat_of(readers[0], published))
    assert [
        (one.words, [(share.look.name, share.words) for share in one.votes], one.decision, one.reason)
        for one in recap.contested
    ] == [
        (
            *(FISHERMEN, [("opinion", "1 of 3 readers"), ("loaded", "1 of 3 readers")]),
            *("Rejected: no mark stands here (decided by Wolfram Waxwing).", "A turn of speech."),
        ),
        (
            *(GUESS, [("claim", "2 of 3 readers"), ("opinion", "1 of 3 readers")]),
            *("Settled as claim (decided by Wolfram Waxwing).", "It can be checked later."),
        ),
    ]
    assert (recap.readers, recap.passages, recap.decided, recap.undecided) == (3, 3, 3, [])


def test_what_is_not_decided_is_listed(session, settle, article, lead):
    settle(session, article, MONDAY)
    recap = recap_for(lead, seat_of(lead, session))
    assert [one.words for one in recap.undecided] == [FISHERMEN, GUESS]
    assert [one.decision for one in recap.undecided] == ["Not decided.", "Not decided."]


def test_agreement_that_is_not_defined_says_why(session, lead):
    agreement = recap_for(lead, seat_of(lead, session)).agreement
    assert agreement.headline.words == "not defined: fewer than ten sentences were read by two readers"


def test_feedback_counts_what_was_settled_as_one_read(published, readers):
    def told(reader):
        (one,) = recap_for(reader, seat_of(reader, published)).feedback
        tags = [(count.look.name, count.both, count.only_reader, count.only_settled) for count in one.tags]
        words = [(passage.words, [look.name for look in own]) for passage, own in one.differences]
        return one.marked, one.as_read, one.left, one.undecided, tags, words

    assert told(readers[0]) == (
        *(3, 2, 0, 0),
        [("claim", 2, 0, 0), ("opinion", 0, 1, 0), ("loaded", 0, 1, 0)],
        [(FISHERMEN, ["opinion", "loaded"])],
    )
    assert told(readers[1]) == (2, 2, 0, 0, [("claim", 2, 0, 0)], [])
    assert told(readers[2]) == (
        *(2, 1, 0, 0),
        [("claim", 1, 0, 1), ("opinion", 0, 1, 0)],
        [(GUESS, ["opinion"])],
    )


def test_feedback_is_for_its_reader_and_for_owners(published, readers, lead, reviewer, client_of):
    add_member(lead, published.pk, username=reviewer.username, role=Member.REVIEWER)

    def named(person):
        recap = recap_for(person, seat_of(person, published))
        return [one.reader for one in recap.feedback]

    assert named(lead) == ["Quinn Quarrel", "Vadim Vortex", "Zadie Zephyr"]
    assert [named(reader) for reader in readers] == [[reader.display_name] for reader in readers]
    assert named(reviewer) == []
    page, text = (client_of(readers[0]).get(url).content.decode() for url in urls(published))
    assert "Zadie" not in page
    assert "Zadie" not in text
    assert "Feedback to Quinn Quarrel" in text


def test_the_file_of_an_owner_has_the_feedback_to_others_only_when_asked(published, lead, readers, client_of):
    url = urls(published)[1]
    assert "Feedback to" not in client_of(lead).get(url).content.decode()
    assert "Feedback to Zadie Zephyr" in client_of(lead).get(url + "?feedback=all").content.decode()
    assert "Feedback to Zadie Zephyr" not in client_of(readers[0]).get(url + "?feedback=all").content.decode()


def test_open_questions_are_for_those_who_answer_and_for_the_one_who_asked(session, lead, readers):
    for reader in readers[:2]:
        ask(reader, seat_of(reader, session), f"Why, asks {reader.display_name}?")
    answered = ask(readers[2], seat_of(readers[2], session), "And this?")
    Question.objects.filter(pk=answered.pk).update(answer="So.", answered_by=lead, answered_at=answered.asked_at)

    def asked(person):
        return [one.text for one in recap_for(person, seat_of(person, session)).questions]

    both = ["Why, asks Quinn Quarrel?", "Why, asks Zadie Zephyr?"]
    assert [asked(lead), asked(readers[0]), asked(readers[2])] == [both, both[:1], []]


def test_the_file_is_markdown_to_take_along(published, lead, client_of):
    answer = client_of(lead).get(urls(published)[1])
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="levy-reading-recap.md"'
    assert answer["Cache-Control"] == "private, no-store"
    assert answer.content.decode().startswith("# Levy reading: recap\n")


@pytest.mark.parametrize("marks", [1, 3])
def test_the_recap_takes_as_many_queries_whatever_there_is(
    lead, readers, article, marks, client_of, django_assert_num_queries
):
    session = start_session(lead, article, annotators=readers)
    for words in (MONDAY, GUESS, FISHERMEN)[:marks]:
        mark_in(session, readers[0], article, words, "claim")
    move_on(lead, session, TeamSession.ADJUDICATING)
    client = client_of(lead)
    client.get(urls(session)[0])
    with django_assert_num_queries(RECAP_QUERIES):
        client.get(urls(session)[0])


RECAP_QUERIES = 24


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def seen(markdown: str) -> _Seen:
    """What a reader of GitHub's kind of Markdown that lets HTML through would see."""
    found = _Seen()
    found.feed(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(markdown))
    return found


WRITTEN = [
    *(source_of(case)[:2000].replace("\x00", "").encode("utf-8", "replace").decode() for case in CASES),
    *("# head", "1. one", "- item", "+ item", "* item", "> quote", "===", "---", "| a | b |\n|---|---|\n| c | d |"),
    *(
        "[a](javascript:alert(1))",
        "![a](https://evil.example/a.png)",
        "<https://evil.example>",
        "`code`",
        "~~~\nx\n~~~",
    ),
    *(
        "    four",
        "\tx",
        "a  \nb",
        "&lt;b&gt; &amp;",
        "__b__ *i* ~~s~~",
        "[x]: https://evil.example",
        "1) x",
        "```",
        "\\*",
    ),
    *(
        "a\n===\nb",
        "# \n#",
        "~",
        "$x$ @someone",
        "<!-- x -->",
        "&#60;script&#62;",
        "[^1]: note",
        "- [ ] task",
        ":smile:",
    ),
]


def test_markdown_shows_what_people_wrote_and_nothing_else():
    for written in WRITTEN:
        words = written.split()
        line, quote, item = seen(f"Reason: {plain(written)}"), seen(quoted(written)), seen(f"- {plain(written)}")
        assert (line.tags, line.text.split()) == (["p"], ["Reason:", *words])
        assert (set(quote.tags) - {"blockquote", "p"}, quote.text.split()) == (set(), words)
        assert (set(item.tags) - {"ul", "li", "p"}, item.text.split()) == (set(), words)


def test_addresses_in_markdown_are_not_followed():
    written = "https://a.example HTTP://a.example www.a.example mailto:a@a.example 12:30"
    assert plain(written) == r"https\://a.example HTTP\://a.example www\.a.example mailto\:a\@a.example 12:30"


def test_nothing_that_people_wrote_becomes_markup(published, lead, readers, client_of):
    def elements(url):
        found = _Seen()
        found.feed(client_of(lead).get(url).content.decode())
        return sorted(found.tags)

    Assignment.objects.update(note="plain")
    ask_one = Question.objects.create(session=published, asker=readers[0], text="plain")
    page, _ = urls(published)
    calm = elements(page)
    nasty = "\n".join(written[:300] for written in WRITTEN)[:9000] + "</script><script>alert(1)</script>"
    Assignment.objects.update(note=nasty)
    Decision.objects.update(reason=nasty)
    Question.objects.filter(pk=ask_one.pk).update(text=nasty)
    Article.objects.update(title='"><script>alert(1)</script>')
    TeamSession.objects.update(name="<script>alert(1)</script>")
    readers[0].__class__.objects.filter(pk=readers[0].pk).update(display_name="<img src=x onerror=alert(1)>")
    assert elements(page) == calm
    rendered = seen(client_of(lead).get(urls(published)[1] + "?feedback=all").content.decode())
    assert not set(rendered.tags) & {"script", "img", "a", "svg", "iframe", "style"}
    assert "<script>alert(1)</script>: recap" in rendered.text
    assert re.search(r"Feedback to <img src=x onerror=alert\(1\)>", rendered.text)


def test_somebody_who_joins_late_does_not_count_as_having_read(session, lead, outsider):
    add_member(lead, session.pk, username=outsider.username, role=Member.ANNOTATOR)
    recap = recap_for(lead, seat_of(lead, session))
    assert (recap.readers, recap.agreement.readers) == (3, 3)

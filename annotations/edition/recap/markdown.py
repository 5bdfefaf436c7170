"""A recap as Markdown. What people wrote stands in it as they wrote it: nothing of it is taken for Markdown or HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from annotations.edition.recap.queries import Feedback, Passage, Recap

# Anywhere in a line; and what makes something of a line that begins with it.
_ALWAYS = re.compile(r"([\\`*_\[\]<>|~&$@])")
_AT_START = re.compile(r"^([-+=#:])")
_NUMBERED = re.compile(r"^([0-9]+)([.)])")
_ADDRESS = re.compile(r"(?i)(https?|ftp|xmpp|mailto|file|data|javascript|vbscript):|(www)\.")


def plain(text: str) -> str:
    """What somebody wrote as one line of Markdown that shows just that."""
    return _line(" ".join(text.split()))


def quoted(text: str) -> str:
    """The same as a block quotation, line by line."""
    lines = [_line(" ".join(line.split())) for line in text.splitlines()]
    return "\n".join(f"> {line}" if line else ">" for line in lines)


def _line(line: str) -> str:
    line = _ALWAYS.sub(r"\\\1", line)
    line = _ADDRESS.sub(lambda found: f"{found[1]}\\:" if found[1] else f"{found[2]}\\.", line)
    return _NUMBERED.sub(r"\1\\\2", _AT_START.sub(r"\\\1", line))


def recap_markdown(recap: Recap, *, everybodys: bool = False) -> str:
    """The recap with the reader's own feedback or, with `everybodys`, with all that it holds."""
    return "\n".join(_parts(recap, everybodys)).rstrip() + "\n"


def _parts(recap: Recap, everybodys: bool) -> Iterator[str]:
    yield f"# {plain(recap.session.name)}: recap\n"
    yield f"{recap.readers} readers finished{recap.period}. {recap.decided} of {recap.passages} passages are decided.\n"
    for here in recap.articles:
        yield f"- {plain(here.article.title)}"
    yield "\n## Agreement\n"
    agreement = recap.agreement
    yield f"Krippendorff’s alpha over tag sets: {agreement.headline.words}."
    yield f"{agreement.readers} readers, {agreement.sentences} sentences; 95% interval by bootstrap over sentences.\n"
    yield f"{plain(' '.join(agreement.notes))}\n"
    if agreement.tags:
        yield "| Tag | Alpha (interval) | Sentences marked |\n|---|---|---:|"
        yield from (f"| {plain(one.look.name)} | {one.figure.words} | {one.sentences} |" for one in agreement.tags)
    yield "\n## Most contested passages\n"
    yield from _passages(recap.contested, "No passage is contested.")
    yield "\n## Not decided\n"
    yield from _passages(recap.undecided, "Every passage is decided.")
    if recap.more_undecided:
        yield f"\nAnd {recap.more_undecided} more."
    yield "\n## Open questions\n"
    for question in recap.questions:
        about = f", on {plain(question.session_article.article.title)}" if question.session_article else ""
        yield f"{plain(question.asker.name)}{about}:\n\n{quoted(question.text)}\n"
    if not recap.questions:
        yield "None.\n"
    yield "## What readers noted\n"
    for note in recap.notes:
        yield f"{plain(note.reader)} on {plain(note.title)}:\n\n{quoted(note.text)}\n"
    if not recap.notes:
        yield "Nothing.\n"
    for one in recap.feedback:
        if everybodys or one.is_own:
            yield from _feedback(one)


def _passages(passages: Iterable[Passage], none: str) -> Iterator[str]:
    number = 0
    for number, one in enumerate(passages, 1):
        yield f"### {number}. {plain(one.title)}\n"
        yield f"{quoted(one.quote)}\n"
        votes = [f"{plain(share.look.name)} {share.count} of {share.of}" for share in one.votes]
        yield f"- Votes: {', '.join([*votes, f'marked by {one.marked} of {one.of}'])}"
        yield f"- {plain(one.decision)}"
        if one.reason:
            yield f"- Reason: {plain(one.reason)}"
        yield ""
    if not number:
        yield none


def _feedback(one: Feedback) -> Iterator[str]:
    yield f"## Feedback to {plain(one.reader)}\n"
    yield f"Of {one.marked} decided passages that they marked, {one.as_read} were settled with the same tags."
    yield f"{one.left} settled passages they had left unmarked; {one.undecided} of theirs are not decided.\n"
    if one.tags:
        yield "| Tag | Both | Only the reader | Only settled |\n|---|---:|---:|---:|"
        yield from (
            f"| {plain(tag.look.name)} | {tag.both} | {tag.only_reader} | {tag.only_settled} |" for tag in one.tags
        )
        yield ""
    for passage, own in one.differences:
        yield f"{quoted(passage.quote)}\n"
        yield f"- {plain(one.reader)}: {', '.join(plain(look.name) for look in own) or 'no tag'}"
        yield f"- {plain(passage.decision)}"
        if passage.reason:
            yield f"- Reason: {plain(passage.reason)}"
        yield ""
    if one.more:
        yield f"And {one.more} more.\n"

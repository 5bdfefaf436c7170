"""The desk over HTTP, and the page on which readers see what was decided otherwise than they marked.

Every form posts and redirects; for HTMX the desk with the next passage comes at once.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from annotations.adjudication import actions, answers, pages
from annotations.adjudication.forms import (
    CHOOSE,
    EDIT,
    MERGE,
    METHODS,
    REJECT,
    SHARES,
    STEP,
    TIES,
    Asked,
    strategy_in,
)
from annotations.adjudication.queries import NO_PASSAGE, Desk, Item, articles_of, desk_of, desks_of, notes_of, people
from annotations.adjudication.stepping import quoted, step
from annotations.adjudication.strategies import merge
from annotations.codebook.kept import all_tags
from annotations.editing.forms import MOST_POSITION, whole_number
from annotations.membership import Seat, article_in, session_for
from annotations.models import Answer, Considered, Decision, SessionArticle, TeamSession
from annotations.permissions import may_lead, may_oversee
from opslens.articles.documents import document_of
from opslens.web.methods import form_page
from opslens.web.policy import allow, signed_in
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

END = "end"


def _overseer(request: HttpRequest, session: str) -> Seat:
    """Raises Missing for who is not in the session, Denied for who does not oversee it."""
    seat = session_for(request.user, session)
    if not may_oversee(seat.member):
        raise Denied("Owners and reviewers of the session settle its passages.")
    return seat


def _closed(request: HttpRequest, seat: Seat, tab: str) -> HttpResponse | None:
    """What stands in the place of a page before the session is being settled."""
    if seat.session.phase in TeamSession.SETTLED:
        return None
    return render(
        request,
        "adjudication/closed.html",
        {"seat": seat, "session": seat.session, "tab": tab, "may_lead": may_lead(seat.member)},
    )


def _takes_decisions(seat: Seat) -> bool:
    return seat.session.phase == TeamSession.ADJUDICATING


@allow(signed_in)
@require_safe
def desks(request: HttpRequest, session: str) -> HttpResponse:
    """The articles of the session with how far each is, and the strategies."""
    seat = _overseer(request, session)
    if closed := _closed(request, seat, "desk"):
        return closed
    found = desks_of(request.user, seat, articles_of(seat))
    context = {
        "seat": seat,
        "session": seat.session,
        "desks": [(desk.here, desk.progress) for desk in found],
        "is_done": all(desk.progress.is_done for desk in found),
        "passages": sum(len(desk.items) for desk in found),
        "open": sum(desk.progress.open for desk in found),
        "may_decide": _takes_decisions(seat),
        "may_publish": may_lead(seat.member),
        **_strategy_fields(request),
    }
    return render(request, "adjudication/desks.html", context)


def _strategy_fields(request: HttpRequest) -> dict:
    data = request.POST or request.GET
    return {
        "methods": METHODS,
        "shares": SHARES,
        "ties": TIES,
        "chosen": {
            "method": data.get("method") or METHODS[0][0],
            "share": data.get("share") or "50",
            "ties": data.get("ties") or TIES[0][0],
            "article": data.get("article", ""),
        },
    }


@allow(signed_in)
@require_safe
def desk(request: HttpRequest, session: str, slug: str) -> HttpResponse:
    """One passage with the queue beside it: `?passage=` the one that holds this mark, `?at=end` what comes after the
    last one; else the first that is open."""
    seat = _overseer(request, session)
    here = article_in(seat, slug)
    if closed := _closed(request, seat, "desk"):
        return closed
    found = desk_of(request.user, seat, here)
    uid = request.GET.get("passage", "")
    if uid:
        item = found.at(uid)
        if item is None:
            raise Missing(NO_PASSAGE)
    elif request.GET.get("at") == END:
        item = None
    else:
        # A session that is over is looked through from the beginning.
        item = found.next_open() if _takes_decisions(seat) else next(iter(found.items), None)
    return _answer(request, seat, found, item)


def _desk_url(seat: Seat, here: SessionArticle) -> str:
    return reverse("adjudication:desk", args=[seat.session.uid, here.article.slug])


def _address(seat: Seat, here: SessionArticle, item: Item | None) -> str:
    query = {"passage": item.passage.key} if item else {"at": END}
    return f"{_desk_url(seat, here)}?{urlencode(query)}"


def _answer(
    request: HttpRequest, seat: Seat, found: Desk, item: Item | None, *, status: int = 200, **more
) -> HttpResponse:
    """The page of the desk or, for HTMX, what its scripts put in its place."""
    context = _desk_context(request, seat, found, item, **more)
    template = "adjudication/_desk.html" if request.htmx else "adjudication/desk.html"
    return render(request, template, context, status=status)


def _desk_context(
    request: HttpRequest,
    seat: Seat,
    found: Desk,
    item: Item | None,
    *,
    asked: Asked | None = None,
    errors: dict[str, str] | None = None,
    conflict: str = "",
    place: tuple[int, int] | None = None,
) -> dict:
    here, document, tags = found.here, document_of(found.here.revision_id), all_tags()
    may_decide = _takes_decisions(seat)
    context = {
        "seat": seat,
        "session": seat.session,
        "here": here,
        "article": here.article,
        "desk": found,
        "progress": found.progress,
        "item": item,
        "queue": pages.queue_html(found.items, document, _desk_url(seat, here), item),
        "left_over": [pages.settled_shown(settled, document, tags) for settled in found.left_over],
        "may_decide": may_decide,
        "may_publish": may_lead(seat.member),
        "is_edited": asked is not None and asked.act in (EDIT, STEP),
        "is_stepped": asked is not None and asked.act == STEP and not errors,
        "errors": errors or {},
        "error_list": list((errors or {}).values()),
        "conflict": conflict,
    }
    if item is None:
        context["previous"] = found.items[-1] if found.items else None
        others = [one for one in articles_of(seat) if one.pk != here.pk]
        waiting = [(one.here, one.progress) for one in desks_of(request.user, seat, others)]
        context["waiting"] = [(one, progress) for one, progress in waiting if not progress.is_done]
        context["next_open"] = found.next_open()
        return context
    authors = people({mark.author for mark in item.passage.marks}.union(item.passage.votes.of))
    votes, unmarked = pages.votes_shown(item.passage, tags, authors)
    settled = None
    if item.settled is not None:
        said = list(Answer.objects.filter(decision=item.settled.decision).select_related("reader"))
        settled = pages.settled_shown(item.settled, document, tags, said)
    is_accepted = item.settled is not None and not item.settled.rejected
    top = item.passage.candidates[0]
    if place is None:
        if asked is not None and asked.start is not None and asked.start < asked.end <= len(document.text):
            place = asked.start, asked.end
        else:
            held = item.settled.decision if is_accepted else top
            place = held.start, held.end
    ticked = set(asked.tags) if asked else set(item.settled.tags if is_accepted else top.tags)
    return context | {
        "previous": found.items[item.number - 2] if item.number > 1 else None,
        "next": found.items[item.number] if item.number < len(found.items) else None,
        "words": pages.words_of(document, item.passage),
        "block": document.block_at(item.passage.start).ordinal,
        "candidates": pages.candidates_of(item, document, tags, authors, asked.merge if asked else ()),
        "votes": votes,
        "unmarked": unmarked,
        "settled": settled,
        "yours": _yours(seat, item, document, tags, asked, place) if conflict and asked else None,
        "reason": asked.reason if asked else (item.settled.decision.reason if item.settled and may_decide else ""),
        "quote": asked.quote if asked else "",
        "place": {"start": place[0], "end": place[1], "exact": document.text[place[0] : place[1]]},
        "groups": _groups(seat, item, tags, ticked) if may_decide else [],
    }


def _yours(seat: Seat, item: Item, document, tags: dict, asked: Asked, place: tuple[int, int]) -> dict:
    """The reading that was asked for and came too late."""
    if asked.act == REJECT:
        return {"rejected": True}
    ends, chosen = place, asked.tags
    if asked.act in (CHOOSE, MERGE):
        wanted = {asked.how} if asked.act == CHOOSE else set(asked.merge)
        readings = [one for one in item.passage.candidates if one.key in wanted or not wanted]
        if not readings:
            return {"gone": True}
        made = merge(readings, actions.order_in(seat))
        ends, chosen = (made.start, made.end), made.tags
    words = pages.cut(document.text[ends[0] : ends[1]], pages.SHOWN)
    return {"words": words, "tags": pages.tags_in_order(chosen, tags)}


def _groups(seat: Seat, item: Item, tags: dict, ticked: set[int]) -> list[dict]:
    """The tags that may stand on a passage, by group: what is offered and what marks or the decision carry."""
    carried = {tag for mark in item.passage.marks for tag in mark.tags}.union(item.settled.tags if item.settled else ())
    groups: dict[int, dict] = {}
    for tag in tags.values():
        if tag.codebook_id == seat.session.codebook_id and (tag.offered or tag.pk in carried):
            group = groups.setdefault(tag.group_id, {"group": tag.group, "tags": []})
            group["tags"].append({"tag": tag, "chosen": tag.pk in ticked})
    return list(groups.values())


@allow(signed_in)
@require_POST
def decide(request: HttpRequest, session: str, slug: str) -> HttpResponse:
    """What the form about a passage asks for. A lost race is answered with both readings and what was typed."""
    seat = _overseer(request, session)
    here = article_in(seat, slug)
    asked = Asked.read(request.POST)
    try:
        done = _do(request, seat, here, asked)
    except Conflict as refused:
        if not isinstance(refused.current, Item):
            raise
        return _again(request, seat, here, asked, conflict=str(refused), status=409)
    except Invalid as refused:
        return _again(request, seat, here, asked, errors=refused.errors or {"": str(refused)}, status=422)
    if isinstance(done, tuple):
        return _again(request, seat, here, asked, place=done)
    if done is None:
        return _again(request, seat, here, asked)
    found = desk_of(request.user, seat, here)
    item = found.next_open(found.at(asked.seen.passage))
    return _went_on(request, seat, found, item, _said(done))


def _do(request: HttpRequest, seat: Seat, here: SessionArticle, asked: Asked) -> actions.Done | tuple[int, int] | None:
    """Call the verb. A step of an end is none: it returns the new ends."""
    viewer, slug, seen = request.user, here.article.slug, asked.seen
    if asked.act == CHOOSE:
        return actions.choose(viewer, seat, slug, seen, asked.how, reason=asked.reason)
    if asked.act == MERGE:
        return actions.merge_readings(viewer, seat, slug, seen, asked.merge, reason=asked.reason)
    if asked.act == REJECT:
        return actions.reject(viewer, seat, slug, seen, reason=asked.reason)
    if asked.act not in (EDIT, STEP):
        return None
    if asked.start is None:
        raise Invalid("A reading of one’s own needs a passage.", {"exact": "Choose where the passage begins and ends."})
    document = document_of(here.revision_id)
    if not asked.start < asked.end <= len(document.text):
        raise Invalid("This passage is not in the article.", {"exact": "This passage is not in the article."})
    if asked.act == STEP:
        moved = step(document, asked.start, asked.end, asked.how)
        if moved is None:
            message = "The passage cannot go further on this side."
            raise Invalid(message, {"exact": message})
        return moved
    start, end, exact = asked.start, asked.end, asked.exact
    if asked.quote.strip():
        start, end = quoted(document, asked.quote, start, end)
        exact = document.text[start:end]
    return actions.edit_reading(
        viewer, seat, slug, seen, start=start, end=end, exact=exact, tags=asked.tags, reason=asked.reason
    )


def _again(
    request: HttpRequest, seat: Seat, here: SessionArticle, asked: Asked, *, status: int = 200, **more
) -> HttpResponse:
    """The passage once more, with what was typed."""
    found = desk_of(request.user, seat, here)
    item = found.at(asked.seen.passage)
    if item is None:
        raise Missing(NO_PASSAGE)
    return _answer(request, seat, found, item, asked=asked, status=status, **more)


def _said(done: actions.Done) -> str:
    if done.said:
        return done.said
    if not done.changed:
        return "It stood like this already."
    tags = all_tags()
    decision = done.decision
    if decision.verdict == Decision.REJECTED:
        said = "Rejected: no mark stands there."
    else:
        names = [tag.name for tag in pages.tags_in_order(decision.tags.values_list("pk", flat=True), tags)]
        said = f"Decided: {', '.join(names) or 'a mark without a tag'}."
    for kept, gone in done.gave_way:
        said += f" “{tags[gone].name}” gave way to “{tags[kept].name}”."
    return said


def _went_on(request: HttpRequest, seat: Seat, found: Desk, item: Item | None, said: str) -> HttpResponse:
    """To this item or the end of the queue, with what has happened."""
    address = _address(seat, found.here, item)
    if not request.htmx:
        messages.success(request, said)
        return redirect(address)
    response = _answer(request, seat, found, item)
    undo_url = reverse("adjudication:undo", args=[seat.session.uid, found.here.article.slug])
    response.write(render_to_string("adjudication/_said.html", {"said": said, "undo": undo_url}))
    response["HX-Push-Url"] = address
    return response


@allow(signed_in)
@require_POST
def withdraw(request: HttpRequest, session: str, slug: str) -> HttpResponse:
    """Open a passage again by taking its decision back, whoever made it."""
    seat = _overseer(request, session)
    here = article_in(seat, slug)
    uid = request.POST.get("decision", "").replace("\x00", "")[:40]
    done = actions.withdraw(request.user, seat, slug, uid, whole_number(request.POST, "version", most=MOST_POSITION))
    found = desk_of(request.user, seat, here)
    item = _item_of(found, done.decision)
    said = "The decision is taken back." + (" The passage is open again." if item else "")
    return _went_on(request, seat, found, item or found.next_open(), said)


def _item_of(found: Desk, decision: Decision | None) -> Item | None:
    """The item whose marks a decision was made on, in force or not."""
    if decision is None:
        return None
    marks = Considered.objects.filter(decision=decision).order_by("pk").values_list("annotation__uid", flat=True)
    return next((item for item in map(found.at, marks) if item is not None), None)


@allow(signed_in)
@require_POST
def undo(request: HttpRequest, session: str, slug: str | None = None) -> HttpResponse:
    """Take back one's own last action at the desk of an article, or at any."""
    seat = _overseer(request, session)
    if slug is not None:
        article_in(seat, slug)
    done = actions.undo_last(request.user, seat, slug)
    if slug is None:
        messages.success(request, done.said)
        return redirect("adjudication:desks", session)
    here = article_in(seat, slug)
    found = desk_of(request.user, seat, here)
    return _went_on(request, seat, found, _item_of(found, done.decision) or found.next_open(), done.said)


@allow(signed_in)
@form_page
def strategy(request: HttpRequest, session: str) -> HttpResponse:
    """What a strategy would do, counted; posted, it is done."""
    seat = _overseer(request, session)
    if closed := _closed(request, seat, "desk"):
        return closed
    data = request.POST if request.method == "POST" else request.GET
    slug = data.get("article", "").replace("\x00", "") or None
    articles = [article_in(seat, slug)] if slug else articles_of(seat)
    conflict, status = "", 200
    try:
        chosen = strategy_in(data)
    except Invalid as refused:
        context = {"seat": seat, "session": seat.session, "errors": refused.errors, **_strategy_fields(request)}
        context["desks"] = [(here, None) for here in articles_of(seat)]
        return render(request, "adjudication/strategy.html", context, status=422)
    if request.method == "POST":
        try:
            done = actions.apply_strategy(request.user, seat, chosen, slug=slug, seen=request.POST.get("seen", ""))
        except Conflict as refused:
            if not isinstance(refused.current, list):
                raise
            plans, conflict, status = refused.current, str(refused), 409
        else:
            messages.success(request, _applied(done))
            return redirect("adjudication:desk", session, slug) if slug else redirect("adjudication:desks", session)
    else:
        plans = actions.plans_for(request.user, seat, articles, chosen)
    context = {
        "seat": seat,
        "session": seat.session,
        "desks": [(here, None) for here in articles_of(seat)],
        "plans": plans,
        "total": {
            name: sum(getattr(plan, name) for plan in plans)
            for name in ("new", "replaced", "same", "kept", "stays_open", "changes")
        }
        | {"removes": sum(len(plan.removes) for plan in plans)},
        "seen": actions.seen_of(plans),
        "label": {key: label for key, label, _ in METHODS}[chosen.method],
        "conflict": conflict,
        "may_decide": _takes_decisions(seat),
        **_strategy_fields(request),
    }
    return render(request, "adjudication/strategy.html", context, status=status)


def _applied(plans: list) -> str:
    new, replaced = sum(plan.new for plan in plans), sum(plan.replaced for plan in plans)
    removed = sum(len(plan.removes) for plan in plans)
    if not (new or replaced or removed):
        return "Nothing changed: everything that it settles was settled like this already."
    said = f"Decided: {new} new"
    said += f", {replaced} changed" if replaced else ""
    said += f", {removed} taken back" if removed else ""
    return f"{said}. Decisions of people stay as they were. Undo takes all of it back."


@allow(signed_in)
@require_safe
def decided(request: HttpRequest, session: str) -> HttpResponse:
    """The decisions that differ from this member's marks, each with its reason and both readings; for those who
    oversee the session, all answers, too."""
    return _decided(request, session_for(request.user, session))


def _decided(
    request: HttpRequest, seat: Seat, *, uid: str = "", typed: str = "", problem: str = "", status: int = 200
) -> HttpResponse:
    if closed := _closed(request, seat, "decided"):
        return closed
    tags = all_tags()
    rows = []
    found = answers.overruled(request.user, seat)
    notes = notes_of(mark for one in found for mark in one.own)
    for one in found:
        document, decision = document_of(one.here.revision_id), one.settled.decision
        is_here = decision.uid == uid
        rows.append(
            {
                "overruled": one,
                "here": one.here,
                "shown": pages.settled_shown(one.settled, document, tags),
                "own": [
                    {
                        "mark": mark,
                        "tags": pages.tags_in_order(mark.tags, tags),
                        "words": pages.cut(document.text[mark.start : mark.end], pages.SHOWN),
                        "note": pages.note_html(notes[mark.pk]),
                    }
                    for mark in one.own
                ],
                "typed": typed if is_here else "",
                "problem": problem if is_here else "",
            }
        )
    oversees = may_oversee(seat.member)
    context = {
        "seat": seat,
        "session": seat.session,
        "marked": [row for row in rows if row["overruled"].kind != answers.UNMARKED],
        "unmarked": [row for row in rows if row["overruled"].kind == answers.UNMARKED],
        "reads": seat.member.reads or bool(rows),
        "oversees": oversees,
        "answers": _answers_shown(seat, tags) if oversees else [],
        "takes_answers": seat.session.phase in answers.TAKES_ANSWERS,
        "may_change": seat.session.phase == TeamSession.ADJUDICATING,
    }
    return render(request, "adjudication/decided.html", context, status=status)


def _answers_shown(seat: Seat, tags: dict) -> list[dict]:
    found = []
    for given in answers.answers_in(seat):
        decision = given.decision
        here = decision.session_article
        document = document_of(here.revision_id)
        found.append(
            {
                "answer": given,
                "decision": decision,
                "here": here,
                "tags": pages.tags_in_order([tag.pk for tag in decision.tags.all()], tags),
                "words": pages.cut(document.text[decision.start : decision.end], pages.SHOWN),
                "is_gone": decision.deleted_at is not None,
            }
        )
    return found


@allow(signed_in)
@require_POST
def answer(request: HttpRequest, session: str, uid: str) -> HttpResponse:
    """The one answer of an overruled reader to a decision."""
    seat = session_for(request.user, session)
    typed = request.POST.get("text", "")
    try:
        answers.answer(request.user, seat, uid, typed)
    except (Conflict, Invalid) as refused:
        if isinstance(refused, Conflict) and not isinstance(refused.current, Answer):
            raise
        return _decided(request, seat, uid=uid, typed=typed, problem=str(refused), status=refused.status)
    messages.success(request, "Your answer is kept. Owners and reviewers of the session read it.")
    return redirect(f"{reverse('adjudication:decided', args=[session])}#d-{uid}")

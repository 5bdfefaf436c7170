"""The review queue over HTTP, what authors hear of it, and flags.

Every form posts and redirects; for HTMX the queue with the next mark comes at once.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from annotations.access import annotation_for
from annotations.models import Annotation, Codebook, Flag, Review, SavedQueue
from annotations.permissions import may_edit_codebook
from annotations.reading.notes import note_html
from annotations.review import actions, flagging, queries
from annotations.review.cases import Case, Seen, whole, why_not, with_details
from annotations.review.filters import AGES, ORDERS, STATES, Filters
from annotations.review.forms import ALL_THAT_MATCH, STAY, Asked, AskedForMany
from annotations.review.undoing import MovedOn, undo_last
from annotations.teams.actions import clean_text
from opslens.web.methods import form_page
from opslens.web.policy import allow, signed_in
from opslens.web.refusals import Conflict, Denied, Invalid, Refused

ON_A_PAGE = 50
EXAMPLES = 10
MOST_QUEUES = 50
LONGEST_NAME = 60
PASSED, MOST_PASSED = "review-passed", 100  # verdicts that undo passes over, in the session of the browser
ACT_LABELS = {
    actions.ACCEPT: "Accept",
    actions.REJECT: "Reject",
    actions.RETURN: "Return to the authors",
    actions.ADD_TAG: "Add a tag and accept",
    actions.REMOVE_TAG: "Remove a tag and accept",
}
ACT_YOURS = {
    actions.ACCEPT: "Accept it",
    actions.REJECT: "Reject it",
    actions.RETURN: "Return it to its author",
    actions.RETAG: "Give it other tags, and accept it",
}


def _check_reviewer(request: HttpRequest) -> None:
    """Raises Denied for who has nothing to review, today or another day."""
    if not queries.may_open_queue(request.user):
        raise Denied(
            "The review queue is for owners and reviewers of sessions, and for people whom an administrator has "
            "given the right to review public marks."
        )


@allow(signed_in)
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """One mark with the queue beside it: `?mark=` this one, else the first. Without a question the last one used
    comes again, and who reviews nothing gets to what concerns them."""
    if not request.GET and not request.htmx and not queries.may_open_queue(request.user):
        return redirect("review:mine")  # the link in the bar is for everybody
    _check_reviewer(request)
    if not request.GET and not request.htmx:
        last = SavedQueue.objects.filter(reviewer=request.user, name="").first()
        return redirect(f"{reverse('review:queue')}?{(Filters.of(last.query) if last else Filters()).query}")
    filters = Filters.read(request.GET)
    if not request.htmx:
        _remember(request, filters)
    uid = request.GET.get("mark", "").replace("\x00", "")[:40]
    return _answer(request, filters, uid, anew=not uid)


def _remember(request: HttpRequest, filters: Filters) -> None:
    """Keep what was chosen, for the next time."""
    kept = SavedQueue.objects.filter(reviewer=request.user, name="").values_list("query", flat=True).first()
    if kept != filters.query and len(filters.query) <= 1000:
        SavedQueue.objects.update_or_create(reviewer=request.user, name="", defaults={"query": filters.query})


def address(filters: Filters, uid: str = "", page: str = "review:queue") -> str:
    mark = f"&{urlencode({'mark': uid})}" if uid else ""
    return f"{reverse(page)}?{filters.query}{mark}"


def _answer(
    request: HttpRequest, filters: Filters, uid: str = "", *, anew: bool = False, status: int = 200, **more
) -> HttpResponse:
    """The page of the queue or, for HTMX, what its scripts put in its place."""
    context = _context(request, filters, uid, anew=anew, **more)
    if request.htmx:
        return render(request, "review/_desk.html", context, status=status)
    return render(request, "review/queue.html", context | _to_choose(request, filters), status=status)


def _to_choose(request: HttpRequest, filters: Filters) -> dict:
    """What the filters can be set to, and what they are set to."""
    choices = queries.choices_of(request.user)
    return {
        "choices": choices,
        "chosen": queries.chosen_in(filters, choices),
        "tag_today": filters.tag_today,
        "reader_is_known": filters.reader in dict(choices.readers),
        "states": STATES,
        "orders": ORDERS,
        "ages": AGES,
        "saved": [(one, Filters.of(one.query)) for one in queries.saved_queues(request.user)],
    }


def _context(
    request: HttpRequest,
    filters: Filters,
    uid: str,
    *,
    anew: bool = False,
    asked: Asked | None = None,
    errors: dict[str, str] | None = None,
    conflict: str = "",
) -> dict:
    rows = queries.window(request.user, filters, anew=anew)
    is_first = not uid
    uid = uid or (rows[0][1] if rows else "")
    item = queries.item_of(request.user, uid, asked.tags if asked else None) if uid else None
    if item is None and uid and not is_first:
        raise why_not(request.user, uid)
    errors = errors or {}
    return _place(rows, uid) | {
        "filters": filters,
        "item": item,
        "progress": queries.progress_of(request.user, filters),
        "reason": asked.reason if asked else "",
        "act": asked.act if asked else "",
        "errors": errors,
        "error_list": list(errors.values()),
        "conflict": conflict,
        "yours": ACT_YOURS.get(asked.act, "") if asked else "",
        "queue_url": reverse("review:queue"),
        "may_teach": item is not None and _may_teach(request, item.annotation),
    }


def _place(rows: list[queries.Row], uid: str) -> dict:
    """Where the mark of this name stands in the queue, and what is before and after it."""
    here = next((at for at, (_, name) in enumerate(rows) if name == uid), None)
    at = here if here is not None else -1
    later = rows[at + 1][1] if at + 1 < len(rows) else ""
    return {
        "number": None if here is None else here + 1,
        "in_window": len(rows),
        "is_cut": len(rows) == queries.WINDOW,
        "previous": rows[at - 1][1] if at > 0 else "",
        "next": later,
        # After a verdict the next one comes, or, at the end, the first that was passed over.
        "onward": later or (rows[0][1] if rows and at > 0 else ""),
        "beside": queries.beside(rows, at) if rows else [],
    }


def _may_teach(request: HttpRequest, annotation: Annotation) -> bool:
    """Whether this viewer may make the mark an example of its tags."""
    session = annotation.session
    return may_edit_codebook(request.user, None if session is None else Codebook(pk=session.codebook_id))


@allow(signed_in)
@require_POST
def decide(request: HttpRequest, uid: str) -> HttpResponse:
    """What the form about a mark asks for. A lost race is answered with both verdicts and what was typed."""
    asked = Asked.read(uid, request.POST)
    try:
        done = _do(request, asked)
    except Conflict as refused:
        if isinstance(refused.current, Case):
            return _again(request, asked, refused, conflict=str(refused), status=409)
        return _again(request, asked, refused, errors={"": str(refused)}, status=409)
    except Invalid as refused:
        return _again(request, asked, refused, errors=refused.errors or {"": str(refused)}, status=422)
    if done is None:
        return _again(request, asked, None)
    said = done.said if done.changed else f"{done.said} Nothing was changed."
    return _went_on(request, asked.filters, asked.next, said)


def _do(request: HttpRequest, asked: Asked) -> actions.Done | None:
    viewer, seen = request.user, asked.seen
    verbs = {actions.ACCEPT: actions.accept, actions.REJECT: actions.reject, actions.RETURN: actions.return_mark}
    if asked.act in verbs:
        return verbs[asked.act](viewer, seen, asked.reason)
    if asked.act == STAY:
        return None
    if asked.tags is None:
        raise Invalid("Choose the tags that it is to carry.", {"tags": "Choose the tags that it is to carry."})
    return actions.retag(viewer, seen, asked.tags, asked.reason)


def _again(request: HttpRequest, asked: Asked, refused: Refused | None, *, status: int = 200, **more) -> HttpResponse:
    """The mark once more, with what was typed. Where it is no longer for this reviewer, the refusal itself."""
    if not Annotation.objects.under_review_by(request.user).filter(uid=asked.seen.uid).exists():
        raise refused or why_not(request.user, asked.seen.uid)
    response = _answer(request, asked.filters, asked.seen.uid, asked=asked, status=status, **more)
    if request.htmx and refused is not None:
        # What was said of the verdict before would read as if it were about this one.
        response.write('<div id="notices" hx-swap-oob="innerHTML"></div>')
    return response


def _went_on(request: HttpRequest, filters: Filters, uid: str, said: str) -> HttpResponse:
    """To this mark, if it is still in the queue, else to the first, with what has happened and a way back."""
    uid = uid if uid and filters.marks(request.user).filter(uid=uid).exists() else ""
    return _shown(request, filters, uid, said, undo=reverse("review:undo"))


def _shown(request: HttpRequest, filters: Filters, uid: str, said: str, *, undo: str = "") -> HttpResponse:
    """This mark, in the queue or not, with what has happened."""
    if not request.htmx:
        messages.success(request, said)
        return redirect(address(filters, uid))
    response = _answer(request, filters, uid)
    response.write(render_to_string("review/_said.html", {"said": said, "undo": undo, "filters": filters}))
    response["HX-Replace-Url"] = address(filters, uid)
    return response


@allow(signed_in)
@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Take back one's own last verdict, or those that were given at once, and show what it was about. One that cannot
    be taken back is said once, and passed over when asked again, as long as that is so."""
    filters = Filters.of(request.POST.get("queue", ""))
    passed = request.session.get(PASSED, [])
    try:
        done = undo_last(request.user, passed)
    except MovedOn as refused:
        request.session[PASSED] = [*passed, refused.given][-MOST_PASSED:]
        raise
    if request.POST.get("from") == "list":
        messages.success(request, done.said)
        return redirect(address(filters, page="review:list"))
    uid = done.case.annotation.uid if len(done.cases) == 1 else ""
    return _shown(request, filters, uid, done.said)


@allow(signed_in)
@require_POST
def queues(request: HttpRequest) -> HttpResponse:
    """Keep the filters under a name, or drop a name. Saving a name again replaces what it stood for."""
    _check_reviewer(request)
    filters = Filters.of(request.POST.get("queue", ""))
    name = clean_text(
        request.POST.get("name", "").replace("\n", " "), LONGEST_NAME, name="name", needed="Give the queue a name."
    )
    own = SavedQueue.objects.filter(reviewer=request.user)
    if request.POST.get("act") == "delete":
        own.filter(name=name).delete()
        messages.success(request, f"The queue “{name}” is gone. The marks in it are as they were.")
        return redirect(address(filters))
    if own.exclude(name__in=["", name]).count() >= MOST_QUEUES:
        raise Invalid(f"You have {MOST_QUEUES} queues already. Delete one first.")
    if len(filters.query) > 1000:
        raise Invalid("These filters are too long to be kept.")
    SavedQueue.objects.update_or_create(reviewer=request.user, name=name, defaults={"query": filters.query})
    messages.success(request, f"Saved as “{name}”.")
    return redirect(address(filters))


@allow(signed_in)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """The queue as a list, to review many marks at once."""
    _check_reviewer(request)
    filters = Filters.read(request.GET)
    return _listing(request, filters, request.GET.get("page", ""))


def _listing(
    request: HttpRequest,
    filters: Filters,
    page: str = "",
    *,
    asked: AskedForMany | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    rows = queries.window(request.user, filters, anew=not page)
    last = max(1, -(-len(rows) // ON_A_PAGE))
    number = min(whole(page) or 1, last)
    cases = queries.cases_of(request.user, rows[(number - 1) * ON_A_PAGE : number * ON_A_PAGE])
    known = queries.all_tags()
    ticked = {one.uid for one in asked.seen} if asked else set()
    context = {
        "filters": filters,
        "rows": [
            {
                "case": case,
                "tags": queries.in_order(case.tag_ids, known),
                "note": case.annotation.note,
                "ticked": case.annotation.uid in ticked,
            }
            for case in cases
        ],
        "progress": queries.progress_of(request.user, filters),
        "in_window": len(rows),
        "is_cut": len(rows) == queries.WINDOW,
        "number": number,
        "last": last,
        "acts": list(ACT_LABELS.items()),
        "asked": asked,
        "most": f"{actions.MOST_AT_ONCE:,}",
        "errors": errors or {},
        "error_list": list((errors or {}).values()),
    }
    return render(request, "review/list.html", context | _to_choose(request, filters), status=status)


@allow(signed_in)
@form_page
def bulk(request: HttpRequest) -> HttpResponse:
    """What one verdict on many marks would do; confirmed, it is done."""
    _check_reviewer(request)
    if request.method != "POST":
        return redirect(address(Filters.read(request.GET), page="review:list"))
    asked = AskedForMany.read(request.POST)
    seen = asked.seen
    if asked.which == ALL_THAT_MATCH and not asked.is_confirmed:
        seen = _all_that_match(request, asked.filters)
    try:
        if asked.is_confirmed:
            done = actions.review_many(request.user, seen, asked.act, reason=asked.reason, tag=asked.tag)
            messages.success(request, f"{done.said} Undo takes all of it back." if done.changed else done.said)
            return redirect(address(asked.filters, page="review:list"))
        plan = actions.plan_many(request.user, seen, asked.act, reason=asked.reason, tag=asked.tag)
    except (Invalid, Conflict) as refused:
        errors = getattr(refused, "errors", None) or {"": str(refused)}
        return _listing(request, asked.filters, asked=asked, errors=errors, status=refused.status)
    return render(request, "review/bulk.html", _preview(asked, plan))


def _all_that_match(request: HttpRequest, filters: Filters) -> tuple[Seen, ...]:
    """Everything in the queue, as it is now; at most as many as can be reviewed at once, the newest."""
    if filters.contested:
        rows = queries.window(request.user, filters)
    else:
        newest = filters.marks(request.user).order_by("-pk")
        rows = list(newest.values_list("pk", "uid")[: actions.MOST_AT_ONCE])
    return tuple(case.seen for case in queries.cases_of(request.user, rows))


def _preview(asked: AskedForMany, plan: actions.Plan) -> dict:
    known = queries.all_tags()
    why: dict[str, list[Case]] = {}
    for case, reason in plan.left_out:
        why.setdefault(reason, []).append(case)
    return {
        "asked": asked,
        "plan": plan,
        "filters": asked.filters,
        "label": ACT_LABELS[asked.act],
        "tag": plan.tag,
        "replaced": sorted(plan.replaced.items()),
        "number": len(plan.changes),
        "readers": len({case.annotation.author_id for case in plan.changes}),
        "decided": sum(case.in_force is not None for case in plan.changes),
        "examples": [
            {
                "case": case,
                "tags": queries.in_order(case.tag_ids, known),
                "new": plan.tags.get(case.annotation.pk) if plan.tag else None,
            }
            for case in plan.changes[:EXAMPLES]
        ],
        "left_out": [(reason, len(cases), cases[:3]) for reason, cases in why.items()],
        "seen": " ".join(str(seen) for seen in plan.seen),
    }


@allow(signed_in)
@require_POST
def flags(request: HttpRequest, uid: str) -> HttpResponse:
    """An outcome for the flags on a mark, without a verdict on the mark."""
    filters = Filters.of(request.POST.get("queue", ""))
    case, number = flagging.settle_flags(
        request.user, uid, request.POST.get("outcome", ""), request.POST.get("answer", "")
    )
    said = "There is no open flag on this mark any more."
    if number:
        said = "Flag settled. The reader who raised it sees what came of it."
    if number > 1:
        said = f"{number:,} flags settled. The readers who raised them see what came of them."
    return _shown(request, filters, case.annotation.uid, said)


@allow(signed_in)
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """What reviewers say of one's own marks, and what came of one's flags."""
    found = queries.for_you(request.user)
    context = {"found": found, "most": queries.MOST_MINE, "is_reviewer": queries.may_open_queue(request.user)}
    return render(request, "review/mine.html", context)


@allow(signed_in)
@form_page
def back(request: HttpRequest, uid: str) -> HttpResponse:
    """The author of a returned mark sends it back as it is."""
    annotation = annotation_for(request.user, uid)
    if annotation.author_id != request.user.pk:
        raise Denied("Only its author can send this mark back.")
    (case,) = with_details([annotation])
    if request.method != "POST":
        return _back(request, case)
    typed = request.POST.get("answer", "")
    review = whole(request.POST.get("review", ""))
    try:
        done = actions.send_back(request.user, uid, typed, review=review)
    except Invalid as refused:
        return _back(request, case, typed=typed, problem=str(refused), status=422)
    except Conflict as refused:
        if not isinstance(refused.current, Case):
            raise
        return _back(request, refused.current, typed=typed, problem=str(refused), status=409)
    messages.success(request, done.said)
    return redirect("review:mine")


def _back(request: HttpRequest, case: Case, *, typed: str = "", problem: str = "", status: int = 200) -> HttpResponse:
    is_returned = case.in_force is not None and case.in_force.verdict == Review.RETURNED
    context = {
        "case": case,
        "annotation": case.annotation,
        "tags": queries.in_order(case.tag_ids, queries.all_tags()),
        "note": note_html(case.annotation.note),
        "is_returned": is_returned,
        "typed": typed,
        "problem": problem,
    }
    return render(request, "review/back.html", context, status=status)


@allow(signed_in)
@form_page
def flag(request: HttpRequest, uid: str) -> HttpResponse:
    """Ask reviewers to look at a mark of somebody else, or take that back."""
    if request.method == "POST" and request.POST.get("act") == "withdraw":
        return _withdraw(request, uid)
    annotation = flagging.mark_to_flag(request.user, uid)
    if request.method != "POST":
        return _flag(request, annotation)
    typed = request.POST.get("reason", "")
    try:
        _, is_new = flagging.raise_flag(request.user, uid, typed)
    except Invalid as refused:
        return _flag(request, annotation, typed=typed, problem=str(refused), status=422)
    said = "Flagged. Reviewers will look at it; you read what comes of it under “For you”."
    if not is_new:
        said = "You have flagged this mark already. The reason that you gave first stays."
    messages.success(request, said)
    return redirect(annotation.get_absolute_url())


def _withdraw(request: HttpRequest, uid: str) -> HttpResponse:
    annotation = annotation_for(request.user, uid)
    gone = flagging.withdraw_flag(request.user, uid)
    said = "Your flag is withdrawn." if gone else "There is no open flag of yours on this mark any more."
    messages.success(request, said)
    return redirect("review:mine" if request.POST.get("from") == "mine" else annotation.get_absolute_url())


def _flag(
    request: HttpRequest, annotation: Annotation, *, typed: str = "", problem: str = "", status: int = 200
) -> HttpResponse:
    own = Flag.objects.filter(annotation=annotation, reader=request.user).select_related("settled_by").order_by("-pk")
    found = list(own[:10])
    (case,) = with_details([annotation])
    context = {
        "annotation": annotation,
        "tags": queries.in_order(case.tag_ids, queries.all_tags()),
        "note": note_html(annotation.note),
        "flag": next((one for one in found if one.is_open), None),
        "earlier": [one for one in found if not one.is_open],
        "typed": typed,
        "problem": problem,
        "most": flagging.MOST_REASON,
    }
    return render(request, "review/flag.html", context, status=status)

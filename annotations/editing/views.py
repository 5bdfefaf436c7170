"""Marks over HTTP. With HTMX the answers are fragments, without JavaScript pages and redirects."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from annotations.access import Found, annotation_for, mark_for, own_annotation
from annotations.codebook.kept import all_tags, looks, successor_of, tags_to_mark_with
from annotations.editing import actions
from annotations.editing.forms import Edit, NewMark, tag_ids
from annotations.editing.undoing import undo_last
from annotations.membership import is_member
from annotations.models import Annotation, TeamSession
from annotations.permissions import may_edit_mark
from annotations.reading.cards import card_of
from annotations.reading.pages import block_fragments
from annotations.reading.queries import mark_of, marks_for
from annotations.reading.scope import Scope, scope_of, scope_of_mark, whose_of
from opslens.articles.documents import document_of
from opslens.articles.revisions import revision_by_id, revision_for
from opslens.models import Article, Revision
from opslens.web.policy import allow, everyone, signed_in
from opslens.web.refusals import Conflict, Denied, Invalid, Missing

TRASH_SHOWN = 200


def shown_in(request: HttpRequest) -> int | None:
    """The id of the revision on the page that this request comes from; pages with marks send it with everything."""
    value = request.POST.get("shown") or request.GET.get("shown") or ""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 18 else None


def page_revision(request: HttpRequest, article: Article) -> Revision:
    """The revision of this article that the page shows from which a request comes; the current one if it does not
    say. Raises Missing for one of another article, or that is not open."""
    revision = revision_by_id(request.user, shown_in(request) or article.current_id)
    if revision.article_id != article.pk:
        raise Missing("There is no such article, or it is not open to you.")
    return revision


def changed(
    request: HttpRequest, marked: actions.Marked, verb: str, revision: Revision, extra: str = ""
) -> HttpResponse:
    """The fragments that a change of a mark makes anew on the page of this revision: its card, the blocks it touches,
    and what the verb adds.

    An edit swaps the card in place; a card that is new to the page arrives in `#incoming`, from where the page puts it
    where it belongs. A mark that does not stand in the revision on the page has no card there.
    """
    annotation, anchor = marked.annotation, marked.anchor
    html = [extra]
    tags = looks()
    if annotation.deleted_at is not None or anchor is None:
        html.append(f'<li id="card-{annotation.uid}" hx-swap-oob="delete"></li>')
    else:
        card = card_of(request.user, annotation, mark_of(annotation, anchor, marked.tag_ids, tags))
        card.is_open = verb == "edited"
        html.insert(0, card.html if card.is_open else f'<ol id="incoming" hx-swap-oob="beforeend">{card.html}</ol>')
    if marked.blocks:
        touched = range(marked.blocks[0], marked.blocks[-1] + 1)
        scope = scope_of_mark(request, annotation)
        marks = marks_for(request.user, revision.pk, scope, tags, blocks=touched)
        html += block_fragments(request.user, revision, scope, touched, marks, tags)
    response = HttpResponse("".join(html))
    detail = {"blocks": list(marked.blocks), "uid": annotation.uid, "verb": verb}
    return trigger_client_event(response, "marks-changed", detail, after="swap")


def said_of(replaced) -> str:
    names = ", ".join(f"“{tag.name}”" for tag in replaced)
    return f"{names} was replaced: a mark carries one tag of this group." if replaced else ""


def notice(request: HttpRequest, revision: Revision, message: str, undo: str = "", add: dict | None = None) -> str:
    """A toast for the notices region, out of band; `undo` is the address to post to, `add` what `_proposal` says.

    Its forms stand outside of the text and so name what the page shows. They are sent by HTMX alone, with the token
    that the page sends with every request.
    """
    page = {"shown": revision.pk, "whose": whose_of(request)}
    return render_to_string("editing/_toast.html", {"message": message, "undo": undo, "add": add} | page)


def _proposal(request: HttpRequest, revision: Revision, marked: actions.Marked) -> str:
    """The toast that offers to add the tag that a tag of a new mark proposes; "" without such a tag."""
    if marked.proposal is None:
        return ""
    tag, other = marked.proposal
    said = f"“{tag.name}” belongs with “{other.name}”. This mark has no tag of “{other.group.name}” yet."
    add = {"tag": other, "mark": marked.annotation, "tags": [*marked.tag_ids, other.pk]}
    return notice(request, revision, " ".join(filter(None, [said_of(marked.replaced), said])), add=add)


@allow(signed_in)
@require_POST
def create(request: HttpRequest, session: str = "") -> HttpResponse:
    scope = scope_of(request, session)
    new = NewMark.read(request.POST)
    revision = revision_by_id(request.user, new.revision)
    passage = actions.choose_passage(revision.pk, new.start, new.end, new.exact)
    marked = actions.mark_passage(
        request.user,
        revision,
        passage,
        tags=new.tags,
        note=new.note,
        visibility=new.visibility,
        key=new.key,
        seat=scope.seat,
    )
    said = said_of(marked.replaced)
    if request.htmx:
        toast = _proposal(request, revision, marked) or (notice(request, revision, said) if said else "")
        return changed(request, marked, "created", revision, toast)
    if said:
        messages.info(request, said)
    return redirect(_address(scope, revision, marked.annotation.uid))


@allow(everyone)
@require_GET
def passage(request: HttpRequest, uid: str) -> HttpResponse:
    """The permanent address of a mark: the reading page at its passage, as it is now or was last."""
    return redirect(_address_of(request, mark_for(request.user, uid)))


def _address(scope: Scope, revision: Revision, uid: str) -> str:
    return f"{scope.base(revision)}#m{uid}"


def _address_of(request: HttpRequest, found: Found) -> str:
    """On the page of its session for members; for others, once that is out, in the edition."""
    session = found.annotation.session
    if session is not None and session.phase in TeamSession.OUT and not is_member(request.user, session):
        return reverse("edition:article", args=[session.uid, found.annotation.article.slug])
    return _address(scope_of_mark(request, found.annotation), found.revision, found.annotation.uid)


@allow(everyone)
@require_GET
def then(request: HttpRequest, uid: str) -> HttpResponse:
    """The revision in which the passage of a mark was chosen, where it stands untouched."""
    annotation = annotation_for(request.user, uid)
    return redirect(_address_of(request, mark_for(request.user, uid, annotation.revision_id)))


@allow(everyone)
@require_GET
def card(request: HttpRequest, uid: str) -> HttpResponse:
    found = mark_for(request.user, uid, shown_in(request))
    return HttpResponse(card_of(request.user, found.annotation, found.mark).html)


@allow(signed_in)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, uid: str) -> HttpResponse:
    """The card as a form, and what it posts."""
    found = mark_for(request.user, uid, shown_in(request))
    if not may_edit_mark(request.user, found.annotation):
        raise Denied("Only its author can change this mark.")
    if request.method == "GET":
        return _edit_form(request, found)
    try:
        asked = Edit.read(request.POST)
        place = None
        if asked.place is not None and asked.place[:2] != (found.mark.start, found.mark.end):
            place = actions.choose_passage(found.revision.pk, *asked.place)
        marked = actions.edit_mark(
            request.user,
            uid,
            asked.version,
            tags=asked.tags,
            tags_seen=asked.tags_seen,
            note=asked.note,
            visibility=asked.visibility,
            passage=place,
            shown=found.revision.pk,
        )
    except Conflict as conflict:
        found = mark_for(request.user, uid, shown_in(request))
        answer = _edit_form(request, found, yours=request.POST, conflict=str(conflict), status=409)
        return _instead_of_toast(request, found.revision, answer, str(conflict))
    except Invalid as invalid:
        errors = invalid.errors or {"": str(invalid)}
        answer = _edit_form(request, found, yours=request.POST, errors=errors, status=422)
        return _instead_of_toast(request, found.revision, answer, str(invalid))
    said = said_of(marked.replaced) or ("The tag is added." if _is_from_toast(request) else "")
    if not request.htmx:
        messages.success(request, said or "Saved.")
        return redirect(_address_of(request, found))
    toast = notice(request, found.revision, said) if said else ""
    return changed(request, marked, "edited", found.revision, toast)


def _is_from_toast(request: HttpRequest) -> bool:
    return request.htmx and request.POST.get("from") == "proposal"


def _instead_of_toast(request: HttpRequest, revision: Revision, answer: HttpResponse, said: str) -> HttpResponse:
    """`answer`; when its question came from a proposal, with news that take the proposal's place: it works once."""
    if _is_from_toast(request):
        answer.write(notice(request, revision, said))
    return answer


def _edit_form(request: HttpRequest, found: Found, *, yours=None, conflict="", errors=None, status=200) -> HttpResponse:
    annotation, mark = found.annotation, found.mark
    carried = {look.pk for look in mark.looks}
    shown = carried
    if yours is not None and ("tags_shown" in yours or "tags" in yours):
        shown = {
            successor_of(int(value))
            for value in yours.getlist("tags")
            if value.isascii() and value.isdigit() and len(value) < 18
        }
    # Besides what is offered, the tags it carries already, retired ones included.
    book = annotation.session.codebook_id if annotation.session_id else None
    offered = {tag.pk for tag in tags_to_mark_with(book)}
    choices = [tag for tag in all_tags().values() if tag.pk in offered or tag.pk in carried]
    exact = document_of(found.revision.pk).text[mark.start : mark.end]
    place = {"start": mark.start, "end": mark.end, "exact": exact}
    if yours is not None and yours.get("exact"):
        place = {name: yours.get(name, place[name]) for name in place}
    card = card_of(request.user, annotation, mark)
    context = {
        "card": card,
        "annotation": annotation,
        "revision": found.revision,
        "groups": _by_group(choices, shown),
        "carried": ",".join(map(str, sorted(carried))) or "none",
        "note": annotation.note if yours is None or "note" not in yours else yours["note"],
        "visibility": (yours or {}).get("visibility") or annotation.visibility,
        "place": place,
        "conflict": conflict,
        "errors": errors or {},
        "error_list": list((errors or {}).values()),
        "theirs": card if conflict else None,
        "article": annotation.article,
        "in_session": annotation.session_id is not None,
    }
    template = "editing/_form.html" if request.htmx else "editing/mark.html"
    return render(request, template, context, status=status)


def _by_group(tags, chosen: set[int]) -> list[dict]:
    groups: dict[int, dict] = {}
    for tag in tags:
        group = groups.setdefault(tag.group_id, {"group": tag.group, "tags": []})
        group["tags"].append({"tag": tag, "chosen": tag.pk in chosen})
    return list(groups.values())


@allow(signed_in)
@require_POST
def delete(request: HttpRequest, uid: str) -> HttpResponse:
    revision = page_revision(request, own_annotation(request.user, uid).article)
    marked = actions.delete_mark(request.user, uid, shown=revision.pk)
    restore_url = reverse("editing:restore", args=[uid])
    if request.htmx:
        return changed(request, marked, "deleted", revision, notice(request, revision, "Mark deleted.", restore_url))
    messages.info(request, "Mark deleted. It is in the trash, from where it can be restored.")
    return redirect("editing:trash")


@allow(signed_in)
@require_POST
def restore(request: HttpRequest, uid: str) -> HttpResponse:
    revision = page_revision(request, own_annotation(request.user, uid).article)
    marked = actions.restore_mark(request.user, uid, shown=revision.pk)
    if request.htmx and request.POST.get("from") != "trash":
        return changed(request, marked, "restored", revision, notice(request, revision, "The mark is back."))
    messages.success(request, "The mark is back.")
    return redirect(_address_of(request, mark_for(request.user, uid)))


@allow(signed_in)
@require_POST
def undo(request: HttpRequest, session: str = "") -> HttpResponse:
    """Take back one's own last action on a mark of the article, in the session or outside of sessions."""
    scope = scope_of(request, session)
    pk = request.POST.get("article", "")
    article = None
    if pk.isascii() and pk.isdigit() and len(pk) < 18:
        article = Article.objects.visible_to(request.user).filter(pk=int(pk)).first()
    if article is None:
        raise Missing("There is no such article, or it is not open to you.")
    revision = page_revision(request, article)
    marked = undo_last(request.user, article, seat=scope.seat, shown=revision.pk)
    if request.htmx:
        return changed(request, marked, "undone", revision, notice(request, revision, marked.said))
    messages.info(request, marked.said)
    return redirect(scope.base(revision) if scope.seat else article.get_absolute_url())


@allow(signed_in)
@require_GET
def trash(request: HttpRequest) -> HttpResponse:
    """What this reader deleted, newest first."""
    gone = Annotation.objects.in_trash_of(request.user).select_related("article").prefetch_related("tags")
    return render(request, "editing/trash.html", {"marks": gone.order_by("-deleted_at", "-pk")[:TRASH_SHOWN]})


@allow(signed_in)
@require_http_methods(["GET", "POST"])
def block(request: HttpRequest, slug: str, number: int, block: int, session: str = "") -> HttpResponse:
    """Marking without a mouse and without JavaScript: the sentences of a block to tick, or words to quote exactly."""
    scope, revision = scope_of(request, session), revision_for(request.user, slug, number)
    document = document_of(revision.pk)
    if block >= len(document.blocks):
        raise Missing("This article has no such paragraph.")
    here = document.blocks[block]
    errors: dict[str, str] = {}
    key = request.POST.get("key") or str(uuid.uuid4())
    if request.method == "POST":
        try:
            start, end = chosen_passage(request, document, here)
            place = actions.choose_passage(revision.pk, start, end, document.text[start:end])
            marked = actions.mark_passage(
                request.user,
                revision,
                place,
                tags=tag_ids(request.POST),
                note=request.POST.get("note", ""),
                visibility=request.POST.get("visibility", ""),
                key=request.POST.get("key", ""),
                seat=scope.seat,
            )
        except Invalid as invalid:
            errors = invalid.errors or {"": str(invalid)}
        except Conflict as conflict:
            errors, key = {"": str(conflict)}, str(uuid.uuid4())
        else:
            messages.success(request, said_of(marked.replaced) or "Marked.")
            return redirect(_address(scope, revision, marked.annotation.uid))
    ticked = set(request.POST.getlist("sentences"))
    chosen = {int(v) for v in request.POST.getlist("tags") if v.isascii() and v.isdigit() and len(v) < 18}
    context = {
        "article": revision.article,
        "revision": revision,
        "ordinal": block,  # `block` would be Django's own inside of a template's block
        "sentences": [
            {"number": i, "text": document.text[start:end], "ticked": str(i) in ticked}
            for i, (start, end) in enumerate(here.sentences)
        ],
        "groups": _by_group(tags_to_mark_with(scope.codebook_id), chosen),
        "in_session": scope.seat is not None,
        "base": scope.base(revision),
        "key": key,
        "errors": errors,
        "error_list": list(errors.values()),
        "visibility": request.POST.get("visibility") or ("public" if request.user.marks_public else "private"),
        "previous": block - 1 if block else None,
        "next": block + 1 if block + 1 < len(document.blocks) else None,
    }
    return render(request, "editing/block.html", context, status=422 if errors else 200)


def chosen_passage(request: HttpRequest, document, here) -> tuple[int, int]:
    """[start, end) from the ticked sentences or, when given, the exact quotation. Raises Invalid."""
    exact = request.POST.get("exact", "").replace("\r\n", "\n").strip()
    if exact:
        text = document.text_of(here)
        at = text.find(exact)
        if at < 0:
            message = "These words are not in this paragraph. Copy them exactly, marks of punctuation included."
            raise Invalid(message, {"exact": message})
        if text.find(exact, at + 1) >= 0:
            message = "These words occur more than once in this paragraph. Quote a few more so that the place is clear."
            raise Invalid(message, {"exact": message})
        return here.start + at, here.start + at + len(exact)
    numbers = [int(v) for v in request.POST.getlist("sentences") if v.isascii() and v.isdigit() and len(v) < 6]
    numbers = sorted(n for n in numbers if n < len(here.sentences))
    if not numbers:
        message = "Tick at least one sentence, or quote the words."
        raise Invalid(message, {"sentences": message})
    if numbers != list(range(numbers[0], numbers[-1] + 1)):
        message = "A mark is one stretch of text: tick sentences that follow one another."
        raise Invalid(message, {"sentences": message})
    return here.sentences[numbers[0]][0], here.sentences[numbers[-1]][1]

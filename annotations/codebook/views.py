"""The codebook over HTTP: a page that everybody reads, and, for those who look after it, forms in place. With HTMX the
answers are fragments, without JavaScript pages and redirects."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from annotations.codebook import actions, queries
from annotations.codebook.access import book_for, book_to_edit, tag_for, tag_to_edit
from annotations.codebook.forms import TagForm
from annotations.models import Codebook, Member, Tag, TagGroup
from annotations.permissions import may_edit_codebook
from opslens.web.methods import form_page
from opslens.web.policy import allow, everyone, signed_in
from opslens.web.refusals import Conflict, Invalid, Missing

EDITORS_NAMED = 5


def place_of(tag: Tag) -> str:
    return f"{tag.codebook.get_absolute_url()}#tag-{tag.pk}"


def _editors(book: Codebook) -> list[str]:
    """Names of some of those who may edit, for readers who would like a change."""
    if not book.is_default:
        owners = Member.objects.filter(
            session__codebook=book, session__calibrates=None, role=Member.OWNER, left_at=None
        ).select_related("user")
        return [member.user.name for member in owners[:EDITORS_NAMED]]
    given = Q(user_permissions__codename="change_codebook", user_permissions__content_type__app_label="annotations")
    by_group = Q(
        groups__permissions__codename="change_codebook", groups__permissions__content_type__app_label="annotations"
    )
    people = get_user_model().objects.filter(Q(is_staff=True) | Q(is_superuser=True) | given | by_group, is_active=True)
    return [person.name for person in people.distinct().order_by("display_name", "username")[:EDITORS_NAMED]]


@allow(everyone)
@require_safe
def codebook(request: HttpRequest, book: int | None = None) -> HttpResponse:
    """What the tags mean, and who may change them."""
    book = book_for(request.user, book)
    may_edit = may_edit_codebook(request.user, book)
    context = {
        "codebook": book,
        "sections": queries.sections(request.user, book, may_edit=may_edit),
        "may_edit": may_edit,
        "editors": _editors(book) if request.user.is_authenticated and not may_edit else (),
        "session": book.sessions.of(request.user).first(),
    }
    return render(request, "codebook/codebook.html", context)


@allow(everyone)
@require_safe
def tag(request: HttpRequest, pk: int) -> HttpResponse:
    """One tag as a card; as a page, the codebook at its place."""
    shown = tag_for(request.user, pk)
    return _card(request, shown) if request.htmx else redirect(place_of(shown))


def _card(request: HttpRequest, tag: Tag) -> HttpResponse:
    entry = queries.entry_for(request.user, tag, may_edit=may_edit_codebook(request.user, tag.codebook))
    return render(request, "codebook/_tag.html", {"entry": entry})


def _done(request: HttpRequest, tag: Tag, said: str) -> HttpResponse:
    """The tag's card after a change, or the way back to it."""
    if request.htmx:
        return _card(request, tag)
    messages.success(request, said)
    return redirect(place_of(tag))


def _asked_group(book: Codebook, asked: str) -> TagGroup:
    """The group of this number, or the first one. Raises Missing in a codebook without groups."""
    groups = list(book.groups.order_by("position", "pk"))
    if not groups:
        raise Missing("This codebook has no groups that a tag could be put in.")
    return next((group for group in groups if str(group.pk) == asked), groups[0])


@allow(signed_in)
@form_page
def add(request: HttpRequest, book: int | None = None) -> HttpResponse:
    book = book_to_edit(request.user, book)
    group = _asked_group(book, request.GET.get("group", ""))
    if request.method == "POST":
        form = TagForm(book, request.POST)
    else:
        form = TagForm(book, initial={"group": group.pk, "slot": queries.first_free_look(book, 1)})
    if form.is_bound and form.is_valid():
        try:
            made = actions.add_tag(request.user, book, form.values())
        except Invalid as invalid:
            form.refuse(invalid.errors, str(invalid))
        else:
            if not request.htmx:
                messages.success(request, f"The tag “{made.name}” is added and offered to readers.")
                return redirect(place_of(made))
            context = {"entry": queries.entry_for(request.user, made, may_edit=True), "home": group}
            return render(request, "codebook/_added.html", context)
    context = {"form": form, "codebook": book, "group": group}
    template = "codebook/_tag_form.html" if request.htmx else "codebook/edit.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


@allow(signed_in)
@require_safe
def add_link(request: HttpRequest, group: int) -> HttpResponse:
    """The fragment that the form for a new tag stood in for, when adding is cancelled."""
    found = TagGroup.objects.select_related("codebook").filter(pk=group).first() if group < 2**62 else None
    if found is None:
        raise Missing("There is no such group.")
    book_to_edit(request.user, found.codebook_id)
    if not request.htmx:
        return redirect(found.codebook)
    return render(request, "codebook/_add.html", {"group": found})


@allow(signed_in)
@form_page
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    now = tag_to_edit(request.user, pk)
    if request.method != "POST":
        return _edit_form(request, now, TagForm(now.codebook, tag=now))
    form = TagForm(now.codebook, request.POST, tag=now)
    if not form.is_valid():
        return _edit_form(request, now, form, status=422)
    if "preview" in request.POST:
        sent = form.values()
        change = queries.change_of(request.user, now, name=sent["name"], group_id=sent["group_id"])
        return _edit_form(request, now, form, change=change)
    try:
        changed = actions.edit_tag(request.user, pk, form.cleaned_data["version"] or 0, form.values())
    except Conflict:
        return _edit_conflict(request, tag_for(request.user, pk))
    except Invalid as invalid:
        form.refuse(invalid.errors, str(invalid))
        return _edit_form(request, now, form, status=422)
    if request.htmx and changed.group_id != now.group_id:
        context = {"entry": queries.entry_for(request.user, changed, may_edit=True), "home": changed.group}
        return render(request, "codebook/_moved.html", context)
    return _done(request, changed, f"“{changed.name}” is saved.")


def _edit_form(
    request: HttpRequest, tag: Tag, form: TagForm, *, theirs=(), change=None, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "tag": tag,
        "codebook": tag.codebook,
        "use": queries.touched_by_change(request.user, tag),
        "theirs": theirs,
        "change": change,
    }
    template = "codebook/_tag_form.html" if request.htmx else "codebook/edit.html"
    return render(request, template, context, status=status)


def _edit_conflict(request: HttpRequest, now: Tag) -> HttpResponse:
    """The form with everything that was typed, what the tag says now beside it, and the version that saving needs."""
    data = request.POST.copy()
    data["version"] = str(now.version)
    form = TagForm(now.codebook, data, tag=now)
    form.is_valid()
    theirs = []
    for field in form.visible_fields():
        current, typed = form.initial[field.name], form.cleaned_data.get(field.name)
        if current != typed:
            choices = dict(getattr(field.field, "choices", ()))
            shown = ("yes" if current else "no") if isinstance(current, bool) else choices.get(current, current)
            theirs.append((field.label, shown))
    return _edit_form(request, now, form, theirs=theirs, status=409)


@allow(signed_in)
@require_POST
def recolour(request: HttpRequest, pk: int) -> HttpResponse:
    sent = {name: request.POST.get(name, "") for name in ("slot", "version")}
    if not all(value.isascii() and value.isdigit() and len(value) < 10 for value in sent.values()):
        raise Invalid("A look is chosen by its number.")
    tag_for(request.user, pk)
    changed = actions.recolour_tag(request.user, pk, int(sent["version"]), int(sent["slot"]))
    return _done(request, changed, f"“{changed.name}” has its new look.")


@allow(signed_in)
@require_POST
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    on = request.POST.get("on")
    if on not in ("yes", "no"):
        raise Invalid("A tag is switched on or off.")
    tag_for(request.user, pk)
    changed = actions.switch_tag(request.user, pk, on == "yes")
    return _done(request, changed, f"“{changed.name}” is {'offered to readers' if changed.is_on else 'switched off'}.")


@allow(signed_in)
@form_page
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks first, with the number of marks that carry the tag."""
    now = tag_to_edit(request.user, pk)
    if request.method != "POST":
        change = queries.change_of(request.user, now, group_id=now.group_id)
        context = {"tag": now, "use": change.use, "change": change}
        return render(request, "codebook/_retire.html" if request.htmx else "codebook/retire.html", context)
    return _done(
        request, actions.retire_tag(request.user, pk), f"“{now.name}” is retired. Marks that carry it keep it."
    )


@allow(signed_in)
@require_POST
def bring_back(request: HttpRequest, pk: int) -> HttpResponse:
    tag_for(request.user, pk)
    tag, holder = actions.bring_back_tag(request.user, pk)
    lost_key = f" It has no shortcut key: “{holder.name}” has it now." if holder else ""
    if request.htmx and holder:
        entry = queries.entry_for(request.user, tag, may_edit=True)
        return render(request, "codebook/_tag.html", {"entry": entry, "said": lost_key.strip()})
    return _done(request, tag, f"“{tag.name}” is back.{lost_key}")


@allow(signed_in)
@require_safe
def order(request: HttpRequest, book: int | None = None) -> HttpResponse:
    """The tags of each group in a short list, to be moved up and down."""
    book = book_to_edit(request.user, book)
    sections = queries.sections(request.user, book, may_edit=True)
    return render(request, "codebook/order.html", {"codebook": book, "sections": sections})


@allow(signed_in)
@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    step = {"up": -1, "down": 1}.get(request.POST.get("direction", ""))
    if step is None:
        raise Invalid("A tag is moved up or down.")
    tag_for(request.user, pk)
    moved = actions.move_tag(request.user, pk, step)
    if not request.htmx:
        return redirect(f"{moved.codebook.get_absolute_url()}order/#order-{moved.group_id}")
    (section,) = queries.sections(request.user, moved.codebook, may_edit=True, group_id=moved.group_id)
    return render(request, "codebook/_order.html", {"section": section, "moved": moved})

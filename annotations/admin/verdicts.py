"""Verdicts on many marks from the list of marks: chosen, looked through, confirmed. What may have a verdict, and from
whom, is for the verbs of the review to say; the administration gives nobody more rights there."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from annotations.admin.words import short
from annotations.permissions import may_review_outside
from annotations.review.actions import ACCEPT, NEEDED, REJECT, RETURN, plan_many, review_many
from annotations.review.cases import Seen, with_details
from opslens.web.refusals import Invalid

MOST = 500  # marks at once; the queue takes more
SHOWN = 50  # of them that the page before shows
TITLES = {ACCEPT: "Accept these marks?", REJECT: "Reject these marks?", RETURN: "Return these marks to their authors?"}


class Verdicts(admin.ModelAdmin):
    """For the list of marks."""

    def has_review_permission(self, request: HttpRequest) -> bool:
        return may_review_outside(request.user)

    @admin.action(description="Review: accept …", permissions=["review"])
    def accept(self, request, queryset) -> HttpResponse | None:
        return self._verdict(request, queryset, ACCEPT)

    @admin.action(description="Review: reject, with a reason …", permissions=["review"])
    def reject(self, request, queryset) -> HttpResponse | None:
        return self._verdict(request, queryset, REJECT)

    @admin.action(description="Review: return to the author …", permissions=["review"])
    def return_to_author(self, request, queryset) -> HttpResponse | None:
        return self._verdict(request, queryset, RETURN)

    def _verdict(self, request: HttpRequest, queryset, act: str) -> HttpResponse | None:
        """First the page with what would happen, then, from there, the verdict on the marks as they were seen."""
        reason, error = request.POST.get("reason", "").strip().replace("\x00", ""), ""
        if "seen" in request.POST:
            seen = [one for text in request.POST["seen"].split() if (one := Seen.read(text))][:MOST]
            try:
                done = review_many(request.user, seen, act, reason=reason)
            except Invalid as invalid:
                error = str(invalid)
            else:
                self.message_user(request, done.said, messages.SUCCESS if done.changed else messages.WARNING)
                return None
        else:
            # Not the queryset itself, which joins what the list shows.
            ids = list(queryset.order_by("pk").values_list("pk", flat=True)[: MOST + 1])
            if len(ids) > MOST:
                message = f"At most {MOST} marks can be reviewed at once here. Narrow the list with a filter."
                self.message_user(request, message, messages.WARNING)
                return None
            marks = self.model._base_manager.filter(pk__in=ids).select_related("article", "session", "author")
            seen = [case.seen for case in with_details(list(marks.order_by("pk")))]
        return self._page_before(request, seen, act, reason, error)

    def _page_before(self, request: HttpRequest, seen: list[Seen], act: str, reason: str, error: str) -> HttpResponse:
        # What it would do does not hang on the words of the reason, which are yet to be written.
        plan = plan_many(request.user, seen, act, reason=reason[:4_000] or "…")
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)[:1]
        context = {
            **self.admin_site.each_context(request),
            "title": TITLES[act],
            "opts": self.opts,
            "act": request.POST.get("action", ""),
            "asks": NEEDED.get(act, ""),
            "reason": reason,
            "error": error,
            "seen": " ".join(str(one) for one in seen),
            "selected": chosen[0] if chosen else "",
            "selection_name": ACTION_CHECKBOX_NAME,
            "number": len(plan.changes),
            "shown": [(case.annotation, short(case.annotation.quote)) for case in plan.changes[:SHOWN]],
            "more": max(0, len(plan.changes) - SHOWN),
            "left_out": [(short(case.annotation.quote), why) for case, why in plan.left_out[:SHOWN]],
            "missing": plan.missing,
            "back": f"{reverse('admin:annotations_annotation_changelist')}?{request.GET.urlencode()}",
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/verdicts.html", context, status=422 if error else 200)

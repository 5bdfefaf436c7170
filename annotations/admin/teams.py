"""Team sessions in the Django admin: to look at. What happens in a session is for its owners."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, Q
from django.urls import reverse

from annotations.admin.looks import LooksRecorded
from annotations.admin.words import passage_of, short
from annotations.models import (
    Answer,
    Assignment,
    Considered,
    Decision,
    Invitation,
    Member,
    Presence,
    Question,
    Reply,
    SessionArticle,
    TeamSession,
)
from opslens.activity.recorded_admin import ReadOnlyAdmin, ReadOnlyInline, TrashFilter, link


class OnArticle(LooksRecorded):
    """Rows that belong to an article of a session."""

    session_of = "session_article__session_id"

    @admin.display(ordering="session_article__article__title")
    def article(self, obj) -> str:
        return obj.session_article.article.title

    @admin.display(ordering="session_article__session__name")
    def session(self, obj) -> str:
        return obj.session_article.session.name


class MemberInline(ReadOnlyInline):
    model = Member
    fields = readonly_fields = ["user", "role", "reads", "joined_at", "left_at"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("user")


class SessionArticleInline(ReadOnlyInline):
    model = SessionArticle
    fk_name = "session"
    fields = readonly_fields = ["article", "position"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("article")


@admin.register(TeamSession)
class TeamSessionAdmin(ReadOnlyAdmin):
    view_on_site = False  # it is for members
    list_display = [
        "name",
        "phase",
        "is_blind",
        "people",
        "articles_in_it",
        "marks_in_it",
        "deadline",
        "created_at",
        "history",
    ]
    list_filter = [TrashFilter, "phase", "is_blind", ("calibrates", admin.EmptyFieldListFilter)]
    search_fields = ["name", "uid", "members__user__username", "members__user__display_name"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "-id"]
    fields = readonly_fields = [
        *["name", "uid", "phase", "phase_since", "is_blind", "readers_each", "deadline", "reveal_at_deadline"],
        *["reveal_when_done", "coverage_share", "coverage_characters", "guidelines", "codebook", "created_by"],
        *["created_at", "revealed_at", "published_at", "deleted_at", "marks", "history"],
    ]
    inlines = [MemberInline, SessionArticleInline]

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .annotate(
                member_count=Count("members", filter=Q(members__left_at=None), distinct=True),
                article_count=Count("articles", distinct=True),
            )
        )

    @admin.display(description="people", ordering="member_count")
    def people(self, obj) -> int:
        return obj.member_count

    @admin.display(description="articles", ordering="article_count")
    def articles_in_it(self, obj) -> int:
        return obj.article_count

    @admin.display(description="marks")
    def marks_in_it(self, obj):
        return self.marks(obj)

    @admin.display(description="marks")
    def marks(self, obj):
        # Not counted here: to look at marks of a blind session is recorded.
        return link(f"{reverse('admin:annotations_annotation_changelist')}?session__id__exact={obj.pk}", "Show")

    @admin.display(description="history")
    def history(self, obj):
        # The page with the history in words is for members.
        return link(reverse("admin:opslens_event_changelist", query={"q": obj.subject}), "Events")


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    def subject_of(self, obj) -> str:
        return f"user:{obj.user_id}"

    list_display = ["user", "session", "role", "reads", "joined_at", "left_at"]
    list_filter = ["role", "reads", ("left_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user", "session"]
    date_hierarchy = "joined_at"
    search_fields = ["user__username", "user__display_name", "session__name"]
    ordering = ["-joined_at", "-id"]


@admin.register(SessionArticle)
class SessionArticleAdmin(ReadOnlyAdmin):
    list_display = ["article", "session", "position"]
    list_select_related = ["article", "session"]
    list_filter = [("session", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["article__title", "session__name"]
    fields = readonly_fields = ["session", "article", "revision_id", "position"]
    ordering = ["-id"]


@admin.register(Assignment)
class AssignmentAdmin(OnArticle, ReadOnlyAdmin):
    """With the marks as they were at the reveal, so a look is recorded while there is something to hide."""

    list_display = ["reader", "article", "session", "state", "opened_at", "closed_at"]
    list_filter = ["state"]
    list_select_related = ["member__user", "session_article__article", "session_article__session"]
    date_hierarchy = "opened_at"
    search_fields = ["member__user__username", "member__user__display_name", "session_article__article__title"]
    ordering = ["-id"]

    @admin.display(ordering="member__user")
    def reader(self, obj) -> str:
        return obj.member.user.name


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    def subject_of(self, obj) -> str:
        return f"invitation:{obj.uid}"

    list_display = ["session", "role", "uses", "most_uses", "expires_at", "revoked_at", "created_by", "created_at"]
    list_filter = ["role", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["session", "created_by"]
    date_hierarchy = "created_at"
    search_fields = ["session__name", "created_by__username"]
    fields = readonly_fields = [
        *["session", "role", "uses", "most_uses", "expires_at", "revoked_at", "created_by", "created_at"]
    ]
    ordering = ["-created_at", "-id"]


@admin.register(Question)
class QuestionAdmin(ReadOnlyAdmin):
    list_display = ["short_text", "session", "asker", "asked_at", "answered_by", "answered_at"]
    list_filter = [("answered_at", admin.EmptyFieldListFilter)]
    list_select_related = ["session", "asker", "answered_by"]
    date_hierarchy = "asked_at"
    search_fields = ["text", "answer", "session__name", "asker__username"]
    ordering = ["-asked_at", "-id"]

    @admin.display(description="question", ordering="text")
    def short_text(self, obj) -> str:
        return short(obj.text)


@admin.register(Reply)
class ReplyAdmin(LooksRecorded, ReadOnlyAdmin):
    session_of = "annotation__session_id"
    list_display = ["short_text", "author", "mark", "created_at", "deleted_at", "passage"]
    list_filter = [TrashFilter, "created_at"]
    list_select_related = ["author", "annotation__session"]
    date_hierarchy = "created_at"
    search_fields = ["text", "author__username", "author__display_name", "annotation__uid"]
    ordering = ["-created_at", "-id"]

    @admin.display(description="reply", ordering="text")
    def short_text(self, obj) -> str:
        return short(obj.text)

    @admin.display(description="under", ordering="annotation__quote")
    def mark(self, obj) -> str:
        return short(obj.annotation.quote)

    @admin.display(description="passage")
    def passage(self, obj):
        return passage_of(obj.annotation)


class ConsideredInline(ReadOnlyInline):
    model = Considered
    fields = readonly_fields = ["annotation", "version"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("annotation__author")


@admin.register(Decision)
class DecisionAdmin(OnArticle, ReadOnlyAdmin):
    list_display = ["uid", "article", "session", "start", "end", "verdict", "method", "decided_by", "updated_at"]
    list_filter = [TrashFilter, "verdict", "method"]
    list_select_related = ["session_article__article", "session_article__session", "decided_by"]
    date_hierarchy = "created_at"
    search_fields = ["uid", "reason", "session_article__article__title", "session_article__session__name"]
    inlines = [ConsideredInline]
    ordering = ["-id"]


@admin.register(Presence)
class PresenceAdmin(ReadOnlyAdmin):
    """Who has a page open at this moment; nothing of it is kept."""

    list_display = ["person", "place", "process", "seen_at"]
    list_select_related = ["person"]
    date_hierarchy = "seen_at"
    list_filter = ["process"]
    search_fields = ["place", "person__username", "person__display_name"]
    ordering = ["-seen_at", "-id"]


@admin.register(Answer)
class AnswerAdmin(LooksRecorded, ReadOnlyAdmin):
    session_of = "decision__session_article__session_id"
    list_display = ["short_text", "reader", "decision", "created_at"]
    list_select_related = ["reader", "decision"]
    date_hierarchy = "created_at"
    list_filter = ["created_at"]
    search_fields = ["text", "reader__username", "decision__uid"]
    ordering = ["-created_at", "-id"]

    @admin.display(description="answer", ordering="text")
    def short_text(self, obj) -> str:
        return short(obj.text)

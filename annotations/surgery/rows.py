"""What a surgery does to taggings, as statements over sets of rows: time grows with their number, memory does not.

`Retagging` is written first, from the rows as they are, and says what becomes of each; the taggings then follow it.
"""

from __future__ import annotations

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection
from django.db.models import Exists, F, OuterRef, QuerySet

from annotations.models import Annotation, AnnotationTag, Retagging, Surgery, Tag, TagGroup

_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL’s name for it
_TAGGINGS, _KEPT = AnnotationTag._meta.db_table, Retagging._meta.db_table


class Held(Exception):
    """Somebody else holds one of the marks."""


def lock_marks(taggings: QuerySet[AnnotationTag], *, wait: bool = True) -> None:
    """Hold the marks of these taggings until the transaction ends. Whoever edits a mark holds it first, too, so that
    nobody waits for the other while the other waits for them. SQLite has one writer anyway. Without `wait`, raises Held
    where somebody else holds one; the transaction is lost then."""
    if connection.vendor != "postgresql":
        return
    marks = Annotation.objects.filter(pk__in=taggings.order_by().values("annotation")).order_by("pk")
    try:
        sql, params = marks.values("pk").query.sql_with_params()
    except EmptyResultSet:
        return
    with connection.cursor() as cursor:
        try:
            cursor.execute(f"SELECT count(*) FROM ({sql} FOR NO KEY UPDATE{'' if wait else ' NOWAIT'}) AS held", params)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") == _LOCK_NOT_AVAILABLE:
                raise Held from error
            raise


def keep(surgery: Surgery, taggings: QuerySet[AnnotationTag], became: Tag | None) -> int:
    """Write down these taggings as they are, and what becomes of them (None: they go); how many they are."""
    try:
        which, params = taggings.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_KEPT} (surgery_id, tagging, annotation_id, tag_id, exclusive_group_id, became_id) "
            f"SELECT %s, id, annotation_id, tag_id, exclusive_group_id, CAST(%s AS bigint) "
            f"FROM {_TAGGINGS} WHERE id IN ({which})",
            [surgery.pk, became.pk if became else None, *params],
        )
        return cursor.rowcount


def _on_the_mark(**which) -> QuerySet[AnnotationTag]:
    return AnnotationTag.objects.filter(annotation=OuterRef("annotation"), **which)


def drop_twins(surgery: Surgery, target: Tag) -> int:
    """Of marks that carry the target already the source goes; how many these are."""
    return surgery.retaggings.filter(Exists(_on_the_mark(tag=target))).update(became=None)


def clashing_kept(surgery: Surgery, source: Tag, target: Tag) -> QuerySet[Retagging]:
    """What was to become the target on a mark that carries yet another tag of the target's exclusive group."""
    rows = surgery.retaggings.filter(became=target)
    if not target.group.exclusive:
        return rows.none()
    return rows.filter(Exists(_on_the_mark(exclusive_group=target.group).exclude(tag__in=[source, target])))


def rivals(surgery: Surgery, source: Tag, target: Tag) -> QuerySet[AnnotationTag]:
    """The other tags in these clashes."""
    there = AnnotationTag.objects.filter(exclusive_group=target.group).exclude(tag__in=[source, target])
    return there.filter(annotation__in=surgery.retaggings.filter(became=target).values("annotation"))


def apply(surgery: Surgery, target: Tag) -> None:
    """Make the taggings what was written down."""
    gone = surgery.retaggings.filter(became=None).values("tagging")
    AnnotationTag.objects.filter(pk__in=gone).delete()
    group = target.group if target.group.exclusive else None
    stay = surgery.retaggings.filter(became=target).values("tagging")
    AnnotationTag.objects.filter(pk__in=stay).update(tag=target, exclusive_group=group)


def count_marks(surgery: Surgery) -> int:
    return surgery.retaggings.filter(tag=F("surgery__source")).count()


def _free_for(tag: Tag, rows: QuerySet[Retagging]) -> QuerySet[Retagging]:
    """Those of `rows` whose mark could carry `tag` once more."""
    rows = rows.filter(~Exists(_on_the_mark(tag=tag)))
    if tag.group.exclusive:
        others = _on_the_mark(exclusive_group=tag.group).exclude(pk=OuterRef("tagging"))
        rows = rows.filter(~Exists(others))
    return rows


def _insert(rows: QuerySet[Retagging], tag: Tag) -> None:
    """Bring back taggings that went, under the ids that they had."""
    group: TagGroup | None = tag.group if tag.group.exclusive else None
    which, params = rows.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_TAGGINGS} (id, annotation_id, tag_id, exclusive_group_id) "
            f"SELECT tagging, annotation_id, tag_id, CAST(%s AS bigint) FROM {_KEPT} WHERE id IN ({which})",
            [group.pk if group else None, *params],
        )


def put_back(surgery: Surgery, source: Tag, target: Tag) -> None:
    """Make taggings what they were, as far as they still are what the surgery made of them: see `not_put_back`."""
    kept = surgery.retaggings
    # What became the target, and still is.
    still = _on_the_mark(pk=OuterRef("tagging"), tag=target)
    back = _free_for(source, kept.filter(Exists(still), became=target))
    group = source.group if source.group.exclusive else None
    AnnotationTag.objects.filter(pk__in=back.values("tagging")).update(tag=source, exclusive_group=group)
    # What went because of another tag that is still there.
    there = _on_the_mark(tag=target)
    if target.group.exclusive:
        there = there | _on_the_mark(exclusive_group=target.group)
    _insert(_free_for(source, kept.filter(Exists(there), became=None, tag=source)), source)
    # What went because the target won, where the source is back.
    others = kept.filter(became=None).exclude(tag=source).values_list("tag", flat=True).distinct().order_by()
    for other in Tag.objects.select_related("group").filter(pk__in=list(others)):
        ours = kept.filter(Exists(_on_the_mark(tag=source)), became=None, tag=other)
        _insert(_free_for(other, ours), other)


def not_put_back(surgery: Surgery) -> QuerySet[Retagging]:
    """By mark, those that are not what they were, because somebody has changed the mark since."""
    as_it_was = AnnotationTag.objects.filter(pk=OuterRef("tagging"), tag=OuterRef("tag"))
    return surgery.retaggings.exclude(Exists(as_it_was)).values("annotation").distinct()

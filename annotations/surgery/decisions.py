"""What a merge does to settled readings. They are few, one for each passage of a session."""

from __future__ import annotations

from collections.abc import Sequence

from annotations.models import Decision, Tag

_Row = Decision.tags.through
BATCH = 400

# [id of the row, decision, tag, what it became: a tag, or None when it went]
Kept = list[list[int | None]]


def _carrying(source: Tag) -> dict[int, int]:
    """By decision, the row that gives it this tag."""
    return dict(_Row.objects.filter(tag=source).order_by("pk").values_list("decision_id", "pk"))


def _others(source: Tag, target: Tag) -> list[tuple[int, int, int]]:
    """(row, decision, tag) of other tags of the target's exclusive group in settled readings with the source."""
    if not target.group.exclusive:
        return []
    with_source = _Row.objects.filter(tag=source).values("decision")
    rows = _Row.objects.filter(tag__group=target.group, decision__in=with_source).exclude(tag__in=[source, target])
    return list(rows.order_by("pk").values_list("pk", "decision_id", "tag_id"))


def would_clash(source: Tag, target: Tag) -> bool:
    return bool(_others(source, target))


def carry_out(source: Tag, target: Tag, clash: str) -> Kept:
    """Give settled readings the target instead of the source, by the rules of marks. What was done."""
    rows = _carrying(source)
    twins = set(_Row.objects.filter(tag=target, decision__in=list(rows)).values_list("decision_id", flat=True))
    others = [other for other in _others(source, target) if other[1] not in twins]
    clashing = {decision for _, decision, _ in others}
    goes = twins | (clashing if clash == "keep" else set())
    kept: Kept = [[pk, on, source.pk, None if on in goes else target.pk] for on, pk in rows.items()]
    if clash == "win":
        kept += [[pk, on, tag, None] for pk, on, tag in others]
    gone = [pk for pk, _, _, became in kept if became is None]
    stay = [pk for pk, _, _, became in kept if became is not None]
    for at in range(0, len(gone), BATCH):
        _Row.objects.filter(pk__in=gone[at : at + BATCH]).delete()
    for at in range(0, len(stay), BATCH):
        _Row.objects.filter(pk__in=stay[at : at + BATCH]).update(tag=target)
    return kept


def put_back(kept: Sequence[Sequence[int | None]], source: Tag, target: Tag) -> int:
    """Make them what they were, where they still are what the merge made of them; how many are not."""
    now: dict[int, dict[int, int]] = {}  # decision: tag: row
    concerned = sorted({row[1] for row in kept})
    for at in range(0, len(concerned), BATCH):
        found = _Row.objects.filter(decision__in=concerned[at : at + BATCH])
        for pk, decision, tag in found.values_list("pk", "decision_id", "tag_id"):
            now.setdefault(decision, {})[tag] = pk
    group = (
        set(Tag.objects.filter(group=target.group).values_list("pk", flat=True)) if target.group.exclusive else set()
    )
    own = set(Tag.objects.filter(group=source.group).values_list("pk", flat=True)) if source.group.exclusive else set()
    changed: set[int] = set()
    moved: list[int] = []
    made: list[_Row] = []
    # The source's own rows come first: the others return only where it does.
    for pk, decision, tag, became in kept:
        tags = now.get(decision, {})
        if tag != source.pk:
            fits = source.pk in tags and tag not in tags and (source.group_id != target.group_id or not group)
        elif became is not None:
            fits = tags.get(target.pk) == pk and not (own & tags.keys() - {target.pk}) and source.pk not in tags
        else:
            there = target.pk in tags or group & tags.keys()
            fits = bool(there) and source.pk not in tags and not own & tags.keys()
        if not fits:
            changed.add(decision)
            continue
        if became is not None:
            del tags[target.pk]
            moved.append(pk)
        else:
            made.append(_Row(pk=pk, decision_id=decision, tag_id=tag))
        tags[tag] = pk
    for at in range(0, len(moved), BATCH):
        _Row.objects.filter(pk__in=moved[at : at + BATCH]).update(tag=source)
    _Row.objects.bulk_create(made, batch_size=BATCH)
    return len(changed)

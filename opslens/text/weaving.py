"""Weaving: one sweep over the text, its inline formatting and readers' marks, out comes HTML.

Marks are flattened: where they overlap, the text is cut into disjoint ``<mark>`` segments, and each knows the
tags and the number of marks on it. Inline formatting encloses the segments and is never cut by them. Nothing
here is quadratic: the cost is that of the text plus that of the marks, however they overlap.
"""

from collections.abc import Sequence
from html import escape

from opslens.text.blocks import Block, Document
from opslens.text.direction import direction, first_strong, has_right_to_left

# start, end (code points of the revision; may cross blocks), the slots of its tags, and an id ("" for none).
MarkSpan = tuple[int, int, tuple[int, ...], str]

DEFAULT_ORDER = tuple(range(1, 11))
SHOWN_SLOTS = 3


def weave(
    document: Document,
    marks: Sequence[MarkSpan],
    first: int = 0,
    last: int | None = None,
    *,
    order: Sequence[int] = DEFAULT_ORDER,
) -> list[str]:
    """Return the HTML of each block in ``[first, last]``: the whole element, with marks as flat segments.

    A segment is ``<mark class="a1 b3 c2 more" data-n="4">``: ``a``, ``b`` and ``c`` are the first three
    distinct slots of the marks on it, in ``order`` (the slots in the codebook's order, ascending when not
    given; a slot that is not in it comes last); ``more`` says that there are further ones; ``data-n`` is
    the number of marks when it is 2 or more. Marks without tags give ``a0``. The first segment of a mark
    carries ``id="m<uid>"``; where several marks begin at one segment, the first in document order (longest
    first, then by uid) has it and the others get an empty ``<i id="m<uid>"></i>`` at its start.

    ``last`` is inclusive and defaults to the last block. Marks come in any order; those that are empty,
    reach outside of the text or touch no block's text are passed over. Uids must be unique and safe in an
    attribute (letters, digits, ``-`` and ``_``); this is not checked.
    """
    blocks = document.blocks
    if last is None or last >= len(blocks):
        last = len(blocks) - 1
    first = max(first, 0)
    if first > last:
        return []
    frames = _frames(document)
    text = document.text
    size = len(text)
    # A mark belongs to the first block that it touches; the newline before a block counts to the next one.
    low = blocks[first - 1].end if first else 0
    high = blocks[last].end
    ends_of_blocks = None

    # One integer a mark sorts far faster than a tuple: by start, then longest first.
    ordered = []
    for mark in marks:
        start, end = mark[0], mark[1]
        if 0 <= start < end <= size and start < high and end > low:
            if text[start] == "\n":
                if ends_of_blocks is None:
                    ends_of_blocks = {block.end for block in blocks}
                while start in ends_of_blocks and start < size:
                    start += 1
                if start >= end or start >= high:
                    continue
            ordered.append((start, -end, mark[2], mark[3]))
    ordered.sort(key=_start_and_length)
    starts = [mark[0] for mark in ordered]
    ends = sorted([(-mark[1], mark[2]) for mark in ordered], key=_position)
    never = size + 1
    starts.append(never)
    ends.append((never, ()))

    ranks = {slot: rank for rank, slot in enumerate(dict.fromkeys(order))}
    slots = list(ranks)
    counts = [0] * len(slots)
    bits_of: dict[tuple[int, ...], tuple[int, ...]] = {}
    heads: dict[int, str] = {}
    mask = number = 0

    next_start = next_end = 0
    start_at = starts[0]
    end_at = ends[0][0]
    woven: list[str] = []

    for ordinal in range(first, last + 1):
        opening, closing, fixed, special, plain = frames[ordinal]
        block = blocks[ordinal]
        position = block.start
        stop = block.end
        if not number and start_at >= stop:
            woven.append(plain)
            continue
        parts = [opening]
        add = parts.append
        fixed_index = 0
        fixed_at = fixed[0][0]
        while True:
            ids = inner = ""
            begun = 0
            # Starts before ends: a mark that came in from before the window may end where the window begins.
            while start_at <= position:
                mark = ordered[next_start]
                number += 1
                bits = bits_of.get(mark[2])
                if bits is None:
                    bits = bits_of[mark[2]] = _bits(mark[2], ranks, slots, counts)
                for bit in bits:
                    if not counts[bit]:
                        mask |= 1 << bit
                    counts[bit] += 1
                if start_at >= low:
                    begun += 1
                next_start += 1
                start_at = starts[next_start]
            while end_at <= position:
                number -= 1
                for bit in bits_of[ends[next_end][1]]:
                    counts[bit] -= 1
                    if not counts[bit]:
                        mask ^= 1 << bit
                next_end += 1
                end_at = ends[next_end][0]
            if begun == 1:
                uid = ordered[next_start - 1][3]
                if uid:
                    ids = f' id="m{uid}"'
            elif begun:
                ids, inner = _ids(ordered[next_start - begun : next_start])
            while fixed_at <= position:
                add(fixed[fixed_index][1])
                fixed_index += 1
                fixed_at = fixed[fixed_index][0]
            if position >= stop:
                break
            upto = stop
            if start_at < upto:
                upto = start_at
            if end_at < upto:
                upto = end_at
            if fixed_at < upto:
                upto = fixed_at
            piece = text[position:upto]
            if special:
                piece = piece.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            if number:
                key = (mask << 32) | number
                head = heads.get(key)
                if head is None:
                    head = heads[key] = _head(mask, number, slots)
                add(f"<mark{ids}{head}{inner}{piece}</mark>")
            else:
                add(piece)
            position = upto
        add(closing)
        woven.append("".join(parts))
    return woven


def wrap(document: Document, woven: Sequence[str], first: int = 0) -> str:
    """Join consecutive woven blocks, the first of which is block ``first``, and put their containers around them."""
    out: list[str] = []
    open_path: tuple[str, ...] = ()
    for ordinal, piece in enumerate(woven, first):
        path = document.blocks[ordinal].path
        if path != open_path:
            common = 0
            for before, after in zip(open_path, path, strict=False):
                if before != after:
                    break
                common += 1
            out.extend(f"</{name.partition(':')[0]}>" for name in reversed(open_path[common:]))
            out.extend(f"<{name.partition(':')[0]}>" for name in path[common:])
            open_path = path
        out.append(piece)
    out.extend(f"</{name.partition(':')[0]}>" for name in reversed(open_path))
    return "".join(out)


def _start_and_length(mark: tuple) -> int:
    return (mark[0] << 40) + mark[1]


def _ids(begun: list[tuple]) -> tuple[str, str]:
    """Return the id attribute for a segment at which several marks begin, and the anchors of the others."""
    uids = [mark[3] for mark in sorted(begun, key=_length_and_uid) if mark[3]]
    if not uids:
        return "", ""
    return f' id="m{uids[0]}"', "".join(f'<i id="m{uid}"></i>' for uid in uids[1:])


def _length_and_uid(mark: tuple) -> tuple[int, str]:
    return mark[1], mark[3]


def _position(end: tuple) -> int:
    return end[0]


def _bits(tags: tuple[int, ...], ranks: dict[int, int], slots: list[int], counts: list[int]) -> tuple[int, ...]:
    """Return the ranks of a mark's slots, giving slots that are new here the next free rank."""
    for slot in sorted(tags):
        if slot not in ranks:
            ranks[slot] = len(slots)
            slots.append(slot)
            counts.append(0)
    return tuple({ranks[slot] for slot in tags})


def mark_class(slots: Sequence[int]) -> str:
    """Return the class of a stretch that carries tags of these slots: the first gives the tint, three are shown."""
    names = [f"{letter}{slot}" for letter, slot in zip("abc", slots, strict=False)] or ["a0"]
    return " ".join([*names, "more"] if len(slots) > SHOWN_SLOTS else names)


def _head(mask: int, number: int, slots: list[int]) -> str:
    """Return the attributes that tell a segment's tags and number of marks, and the end of its start tag."""
    present = [slot for rank, slot in enumerate(slots) if mask >> rank & 1]
    count = f' data-n="{number}"' if number > 1 else ""
    return f' class="{mark_class(present)}"{count}>'


Frame = tuple[str, str, list[tuple[int, str]], bool, str]


def _frames(document: Document) -> list[Frame]:
    """Return what each block's HTML needs whatever its marks are; worked out once a document.

    The parts are the start tag, the end tag, inline formatting as ``(position, HTML to put there)``, whether
    any character must be escaped, and the whole element without marks.
    """
    frames = document._frames.get("html")
    if frames is None:
        base = direction(document.language, document.text)
        mixed = base == "rtl" or has_right_to_left(document.text)
        frames = [_frame(document, block, base, mixed) for block in document.blocks]
        document._frames["html"] = frames
    return frames


def _frame(document: Document, block: Block, base: str, mixed: bool) -> Frame:
    text = document.text[block.start : block.end]
    never = len(document.text) + 1
    turned = first_strong(text) if mixed else ""
    attributes = f' id="b{block.ordinal}" data-b="{block.ordinal}" data-start="{block.start}"'
    if turned and turned != base:
        attributes += f' dir="{turned}"'
    opening = f"<{block.kind}{attributes}>"
    if block.kind == "pre":
        # The parser drops one newline right after this tag: the text's own must not be that one.
        opening += "\n" if text.startswith("\n") else ""
    elif "\n" in text:
        opening = f'<{block.kind}{attributes} class="lines">'
    closing = f"</{block.kind}>"
    fixed = _fixed(block)
    fixed.append((never, ""))
    special = "&" in text or "<" in text or ">" in text
    parts = [opening]
    position = block.start
    for at, piece in fixed:
        upto = min(at, block.end)
        if upto > position:
            parts.append(escape(document.text[position:upto], quote=False))
            position = upto
        parts.append(piece)
    parts.append(closing)
    return opening, closing, fixed, special, "".join(parts)


def _fixed(block: Block) -> list[tuple[int, str]]:
    """Return the tags of a block's inline formatting as ``(position, HTML)``, in order and always well nested."""
    if not block.inlines:
        return []
    at: dict[int, list] = {}
    for index, inline in enumerate(block.inlines):
        start, end = max(inline.start, block.start), min(inline.end, block.end)
        if start < end:
            at.setdefault(start, ([], set()))[0].append((-end, index))
            at.setdefault(end, ([], set()))[1].add(index)
    fixed = []
    stack: list[int] = []
    for position in sorted(at):
        opens, closes = at[position]
        html = ""
        again: list[int] = []
        while closes:
            index = stack.pop()
            html += f"</{block.inlines[index].kind}>"
            if index in closes:
                closes.discard(index)
            else:
                # Overlaps badly with one that ends here: closed with it and opened again.
                again.append(index)
        for index in (*reversed(again), *(index for _, index in sorted(opens))):
            inline = block.inlines[index]
            link = f' href="{escape(inline.href)}" rel="nofollow noopener"' if inline.kind == "a" else ""
            html += f"<{inline.kind}{link}>"
            stack.append(index)
        fixed.append((position, html))
    return fixed

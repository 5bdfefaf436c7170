"""The agreement of a session over HTTP: the page, and the table behind it for others to check."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from annotations.agreement import exports, pages
from annotations.agreement.extents import extents_of
from annotations.agreement.queries import report_of, require_sight
from annotations.agreement.report import SessionReport
from annotations.membership import Seat, article_in
from annotations.teams.access import seat_in
from opslens.web.policy import allow, signed_in
from opslens.web.refusals import Missing


def _seat(request: HttpRequest, uid: str) -> Seat:
    """The viewer's seat, if they see everybody's marks. Whoever does not is answered before anything is looked up in
    the session, so that the answer cannot depend on what others did. Raises Missing, Denied."""
    seat = seat_in(request.user, uid)
    require_sight(seat)
    seat.member.user = request.user
    return seat


def _report(seat: Seat, asked: pages.Asked) -> SessionReport:
    here = article_in(seat, asked.article) if asked.article else None
    return report_of(seat, article=here, state=asked.state)


@allow(signed_in)
@require_safe
def agreement(request: HttpRequest, session: str) -> HttpResponse:
    """How far readers agree: overall, by tag, by pair and by article, and where they differ most."""
    seat = _seat(request, session)
    asked = pages.Asked.read(request.GET)
    report = _report(seat, asked)
    context = {
        "seat": seat,
        "session": seat.session,
        "report": report,
        "share": pages.share_in_words(seat.session.coverage_share),
        "all_articles": asked.query(article=""),
        "states": pages.state_choices(report, asked),
        "tabs": pages.tab_choices(asked),
        "legend": pages.pictures.legend(),
        "downloads": pages.downloads(seat, report, asked),
    }
    if asked.show == pages.EXTENTS:
        context["pairs"] = pages.pairs_of_extents(report, extents_of(seat, report))
        return render(request, "agreement/extents.html", context)
    context |= {
        "headline": pages.headline(report),
        "tags": pages.tag_rows(report),
        "pairs": pages.pairs_of_report(report),
        "articles": pages.article_rows(report, asked),
        "passages": pages.passages(seat, report, asked),
    }
    return render(request, "agreement/sentences.html", context)


def _file(chunks: Iterator[str], name: str, kind: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(chunks, content_type=kind)
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Cache-Control"] = "private, no-store"
    return response


@allow(signed_in)
@require_safe
def units_csv(request: HttpRequest, session: str) -> StreamingHttpResponse:
    """The table of units: of one tag with `?tag=`, of tag sets without; `?labels=yes` names readers and units."""
    report = _report(_seat(request, session), pages.Asked.read(request.GET))
    tag = request.GET.get("tag", "")
    if tag and tag not in {look.name for look in report.tags}:
        raise Missing("The codebook of this session has no such tag.")
    lines = exports.units_csv(report, tag, labels=request.GET.get("labels") == "yes")
    return _file(lines, exports.file_name(report, tag or "tag-sets", "csv"), "text/csv; charset=utf-8")


@allow(signed_in)
@require_safe
def units_json(request: HttpRequest, session: str) -> StreamingHttpResponse:
    """Everything that the numbers were worked out from, and the numbers."""
    seat = _seat(request, session)
    report = _report(seat, pages.Asked.read(request.GET))
    chunks = exports.units_json(report, extents_of(seat, report))
    return _file(chunks, exports.file_name(report, "", "json"), "application/json")

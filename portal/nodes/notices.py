"""What nodes were told and what they would not take: the region's dead letters, and sending them once more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages as told
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Person
from accounts.privileges import Privilege
from integrations.dicom.models import ApplicationEntity, Notice
from integrations.dicom.notices.delivery import resend_notices
from integrations.dicom.notices.selectors import dead_notices
from portal.cases.words import Word
from portal.gate import opened_by
from portal.listing import page_of
from portal.nodes.words import FAILURE, notice_state, word_of
from portal.shell.person import person_of

NOTICES_SHOWN = 20
_TITLE = 16


@dataclass(frozen=True, slots=True)
class NoticeRow:
    notice: Notice
    state: Word
    reason: Any
    is_dead: bool


def rows_of(notices: Iterable[Notice]) -> list[NoticeRow]:
    """Notices with their states in words."""
    return [
        NoticeRow(one, notice_state(one), word_of(FAILURE, one.error_code), one.failed_at is not None)
        for one in notices
    ]


def notices_of(node: ApplicationEntity) -> list[NoticeRow]:
    """The newest notices to a node; one statement.

    Keys come from the index of the node's notices alone; else the planner may walk those of every node.
    """
    newest = node.notices.order_by("-pk").values("pk")[:NOTICES_SHOWN]
    return rows_of(Notice.objects.filter(pk__in=newest).defer("body").order_by("-pk"))


@opened_by(Privilege.MANAGE_NODES)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Notices that were given up, newest first, of one node or of all."""
    person = person_of(request)
    chosen = _title(request.GET.get("node", ""))
    page = page_of(request, _found(person, chosen).select_related("node__site").defer("body"))
    counted = dead_notices(person).order_by("node__ae_title").values_list("node__ae_title")
    context = {
        "page": page,
        "rows": rows_of(page.rows),
        "chosen": chosen,
        "nodes": list(counted.annotate(count=Count("pk"))),
    }
    return render(request, "portal/nodes/notices.html", context)


@opened_by(Privilege.MANAGE_NODES)
@require_POST
def send_again(request: HttpRequest) -> HttpResponse:
    """Send the notices named once more, or all of a node."""
    person = person_of(request)
    chosen = _title(request.POST.get("node", ""))
    found = _found(person, chosen)
    if "all" not in request.POST:
        named = [int(text) for text in request.POST.getlist("notice") if text.isdecimal() and len(text) < 19]
        found = found.filter(pk__in=named)
    count = resend_notices(found, actor=person)
    if count:
        sentence = ngettext("%(count)s notice is sent again.", "%(count)s notices are sent again.", count)
        told.success(request, sentence % {"count": count})
    else:
        told.warning(request, _("Nothing was chosen that could be sent again."))
    back = request.POST.get("back", "")
    if back.isdecimal() and len(back) < 19:
        return redirect("node", pk=int(back))
    return redirect(f"{reverse('dead-notices')}?node={chosen}" if chosen else "dead-notices")


def _found(person: Person, ae_title: str) -> QuerySet[Notice]:
    found = dead_notices(person)
    return found.filter(node__ae_title=ae_title) if ae_title else found


def _title(text: str) -> str:
    return text.replace("\0", "").strip()[:_TITLE]

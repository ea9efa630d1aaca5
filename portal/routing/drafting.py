"""The editor of a routing table: the page, and the draft it saves as one types."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Person
from accounts.privileges import Privilege
from archive.storage.models import Tier
from archive.studies.fact_catalogue import FACTS
from common.errors import ServiceError
from integrations.routing.actions import OUTPUTS
from integrations.routing.models import RoutingTable, RoutingTableVersion
from integrations.routing.selectors import visible_destinations, visible_tables
from integrations.routing.services import save_draft
from portal.api.errors import body_of, status_of
from portal.gate import opened_by
from portal.routing.checking import problems_of
from portal.routing.gathering import version_rows
from portal.routing.sheets import sheet_of, text_to_edit, xml_of
from portal.routing.wishes import OUTPUT
from portal.routing.words import POLICY
from portal.shell.names import actor_in_words
from portal.shell.person import person_of

VERSIONS_SHOWN = 20
State = RoutingTableVersion.State


def table_of(request: HttpRequest, key: str) -> RoutingTable:
    """A table the person may see, else 404."""
    return get_object_or_404(visible_tables(person_of(request)).select_related("site"), key=key)


def draft_of(table: RoutingTable) -> RoutingTableVersion | None:
    return table.versions.filter(state=State.DRAFT).order_by("-number").first()


def mark_of(draft: RoutingTableVersion | None) -> str:
    """What tells one saved state of a draft from another."""
    return f"{draft.number} {draft.saved_at.isoformat()}" if draft else ""


@opened_by(Privilege.MANAGE_ROUTING)
@require_safe
def editor(request: HttpRequest, key: str) -> HttpResponse:
    """A table with its cells, its problems, what publishing would change, and its versions."""
    table = table_of(request, key)
    versions = list(table.versions.order_by("-number")[:VERSIONS_SHOWN])
    text = text_to_edit(versions)
    draft = next((one for one in versions if one.state == State.DRAFT), None)
    context: dict[str, Any] = {
        "table": table,
        "draft": draft,
        "in_force": next((one for one in versions if one.state == State.PUBLISHED), None),
        "versions": version_rows(versions),
        "policies": [(policy.value, words) for policy, words in POLICY.items()],
        "outputs": [(name, OUTPUT[name]) for name in OUTPUTS],
        "storage_tiers": Tier.choices,
        "facts": FACTS,
        "destinations": _names(person_of(request)),
    }
    try:
        context["state"] = {
            "sheet": sheet_of(text),
            "mark": mark_of(draft),
            "problems": problems_of(text, site=table.site),
            "types": {fact.name: fact.type for fact in FACTS},
        }
    except ServiceError as refusal:
        context["refusal"] = refusal.message
    return render(request, "portal/routing/table.html", context)


@opened_by(Privilege.MANAGE_ROUTING)
@require_POST
def save(request: HttpRequest, key: str) -> JsonResponse:
    """Keep the draft as it is, right or not, and tell what is wrong with it cell by cell.

    409 if somebody else saved it since this editor last read it: theirs stays.
    """
    person, table = person_of(request), table_of(request, key)
    try:
        sent = json.loads(request.body)
        sheet, seen = sent["sheet"], str(sent.get("mark", ""))
    except (ValueError, KeyError, TypeError, RecursionError):
        return JsonResponse({"message": _("This is not a draft.")}, status=400)
    draft = draft_of(table)
    if draft is not None and mark_of(draft) != seen and not sent.get("force"):
        return JsonResponse({"conflict": True, "message": _saved_by_another(draft)}, status=409)
    try:
        versions = list(table.versions.order_by("-number")[:VERSIONS_SHOWN])
        xml = xml_of(sheet, into=text_to_edit(versions))
        draft = save_draft(table, xml, actor=person, note=draft.note if draft else "")
    except ServiceError as refusal:
        return JsonResponse(body_of(refusal), status=status_of(refusal))
    return JsonResponse({"mark": mark_of(draft), "problems": problems_of(xml, site=table.site)})


@opened_by(Privilege.MANAGE_ROUTING)
@require_safe
def version(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """One version to read, or with `?download` its DMN file."""
    table = table_of(request, key)
    found = get_object_or_404(table.versions, number=number)
    if "download" in request.GET:
        name = f"{table.key}-{found.number}.dmn"
        return HttpResponse(
            found.xml, "application/xml", headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )
    context: dict[str, Any] = {"table": table, "row": version_rows([found])[0]}
    try:
        context["sheet"] = sheet_of(found.xml)
    except ServiceError as refusal:
        context["refusal"] = refusal.message
    return render(request, "portal/routing/version.html", context)


def _names(person: Person) -> list[str]:
    """What the column of destinations may name: keys and groups."""
    found = visible_destinations(person).values_list("key", "group")
    return sorted({name for pair in found for name in pair if name})


def _saved_by_another(draft: RoutingTableVersion) -> str:
    return _("%(who)s saved this draft in the meantime. Load the page again to see it.") % {
        "who": actor_in_words(draft.saved_by)
    }

"""Routing tables: drafts are written, looked at against what has come lately, and put in force."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.actors import Actor, actor_name
from accounts.audit import record_audit
from accounts.models import Site
from archive.lifecycle.routed import check_tier
from common import clock
from common.errors import Conflict, InvalidInput, ServiceError
from integrations.routing.access import check_manages
from integrations.routing.actions import DESTINATION, SCRIPT, STORAGE_TIER
from integrations.routing.destinations import unknown_names
from integrations.routing.models import RoutingTable, RoutingTableVersion
from integrations.routing.rules import load_table, texts_written
from workflows.decisions import DecisionModel
from workflows.scripting.library.selectors import find_script

LARGEST_XML = 512 * 1024
State = RoutingTableVersion.State


def create_table(*, key: str, name: str, site: Site | None, actor: Actor) -> RoutingTable:
    """A site's own table, empty until a version is published; until then the region's holds for it.

    Raises  InvalidInput for a bad key; Conflict if the key is taken or the site has one; NotPermitted.
    """
    check_manages(actor, site)
    if slugify(key) != key or not key:
        problem = "Small letters, digits and hyphens only."
        raise InvalidInput(problem, code="BAD_KEY", fields={"key": problem})
    with transaction.atomic():
        if RoutingTable.objects.filter(key=key).exists() or RoutingTable.objects.filter(site=site).exists():
            raise Conflict(_("There is such a table already."), code="TABLE_EXISTS")
        table = RoutingTable.objects.create(key=key, name=name, site=site, created_at=clock.now())
        _audit(actor, "routing_table.created", table)
    return table


def save_draft(table: RoutingTable, xml: str, *, actor: Actor, note: str = "") -> RoutingTableVersion:
    """The table's draft with this content: the one there is, or a new one. It need not be right yet.

    Raises  InvalidInput if it is too large; NotPermitted.
    """
    check_manages(actor, table.site)
    if len(xml.encode()) > LARGEST_XML:
        raise InvalidInput(
            _("The table is too large."), code="TABLE_TOO_LARGE", fields={"xml": _("Too large.")}
        )
    with transaction.atomic():
        held = _locked(table)
        draft = held.versions.filter(state=State.DRAFT).order_by("-number").first()
        is_taken_up = draft is None or draft.saved_by != actor_name(actor)
        if draft is None:
            draft = RoutingTableVersion(table=held, number=_next_number(held))
        draft.xml, draft.note = xml, note[:200]
        draft.saved_by, draft.saved_at = actor_name(actor), clock.now()
        draft.save()
        if is_taken_up:  # an editor saves as one types: who took the draft up is news, each key is not
            _audit(actor, "routing_table.saved", table, version=draft.number)
    return draft


def check_table(xml: str, *, site: Site | None) -> DecisionModel:
    """The table, if it could be published for the site.

    Raises  InvalidInput with `fields`: what cannot be read, destinations and storage tiers that there are not.
    """
    model = load_table(xml)
    unknown = _unknown_destinations(model, site)
    scripts = _unknown_scripts(model)
    fields = unknown | scripts | _unknown_tiers(model, site)
    if fields:
        code = "DESTINATION_UNKNOWN" if unknown else "SCRIPT_UNKNOWN" if scripts else "STORAGE_TIER_UNKNOWN"
        raise InvalidInput(next(iter(fields.values())), code=code, fields=fields)
    return model


def _unknown_destinations(model: DecisionModel, site: Site | None) -> dict[str, str]:
    """By the cell that names it."""
    written = [(place, name) for place, name in texts_written(model, DESTINATION) if name]
    unknown = unknown_names({name for _place, name in written}, site=site)
    return {
        place: _("There is no destination named %(name)s.") % {"name": name}
        for place, name in written
        if name in unknown
    }


def _unknown_scripts(model: DecisionModel) -> dict[str, str]:
    """By the cell that names it."""
    return {
        place: _("The library has no script %(name)s.") % {"name": reference}
        for place, reference in texts_written(model, SCRIPT)
        if reference and find_script(reference) is None
    }


def _unknown_tiers(model: DecisionModel, site: Site | None) -> dict[str, str]:
    """By the cell that names it: tiers that there are not, and those without a volume."""
    refused = {}
    for place, tier in texts_written(model, STORAGE_TIER):
        try:
            check_tier(tier, site=site)
        except ServiceError as error:
            refused[place] = error.message
    return refused


def discard_draft(version: RoutingTableVersion, *, actor: Actor) -> None:
    """Throw a draft away. Raises Conflict for a version that was published; NotPermitted."""
    check_manages(actor, version.table.site)
    with transaction.atomic():
        if not RoutingTableVersion.objects.filter(pk=version.pk, state=State.DRAFT).delete()[0]:
            raise Conflict(_("This version is no draft."), code="NOT_A_DRAFT")
        _audit(actor, "routing_table.discarded", version.table, version=version.number)


def publish_table(version: RoutingTableVersion, *, actor: Actor, note: str = "") -> RoutingTableVersion:
    """Put a draft in force; the version before it is retired. Series that come from now on go by it.

    Raises  InvalidInput with `fields` if the table cannot be used; Conflict if it is no draft; NotPermitted.
    """
    check_manages(actor, version.table.site)
    with transaction.atomic():
        table = _locked(version.table)
        draft = RoutingTableVersion.objects.select_for_update().get(pk=version.pk)
        if draft.state != State.DRAFT:
            raise Conflict(_("This version is no draft."), code="NOT_A_DRAFT")
        check_table(draft.xml, site=table.site)
        now = clock.now()
        table.versions.filter(state=State.PUBLISHED).update(state=State.RETIRED)
        draft.state, draft.published_by, draft.published_at = State.PUBLISHED, actor_name(actor), now
        draft.note = (note or draft.note)[:200]
        draft.save()
        _audit(actor, "routing_table.published", table, version=draft.number)
    return draft


def revert(version: RoutingTableVersion, *, actor: Actor) -> RoutingTableVersion:
    """Put what an earlier version said in force again, as a new version: the history is only added to.

    Raises  InvalidInput if it can no longer be used; Conflict if it is in force or was never; NotPermitted.
    """
    check_manages(actor, version.table.site)
    with transaction.atomic():
        table = _locked(version.table)
        if version.state != State.RETIRED:
            raise Conflict(_("Only a version that was in force before can be put back."), code="NOT_RETIRED")
        again = RoutingTableVersion.objects.create(
            table=table, number=_next_number(table), xml=version.xml, note=f"= {version.number}",
            saved_by=actor_name(actor), saved_at=clock.now(),
        )  # fmt: skip
        return publish_table(again, actor=actor)


def _locked(table: RoutingTable) -> RoutingTable:
    return RoutingTable.objects.select_for_update().get(pk=table.pk)


def _next_number(table: RoutingTable) -> int:
    highest: int | None = table.versions.aggregate(highest=Max("number"))["highest"]
    return (highest or 0) + 1


def _audit(actor: Actor, action: str, table: RoutingTable, **detail: Any) -> None:
    record_audit(
        actor, action, object_kind="routing_table", object_uid=table.key,
        site_code=table.site.code if table.site else "", **detail,
    )  # fmt: skip

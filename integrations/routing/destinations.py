"""Destinations: made and changed by people, and found by the names that tables use."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.models import Site
from common import clock
from common.errors import Conflict, InvalidInput, NotFound
from integrations.dicom.models import AERole, ApplicationEntity, SliceInterest
from integrations.routing.access import check_manages
from integrations.routing.destination_checks import check_destination
from integrations.routing.groups import member_for
from integrations.routing.models import Destination

_CHANGEABLE = frozenset({"name", "node", "group", "configuration", "is_enabled", "maximum_senders"})


def create_destination(
    *,
    key: str,
    name: str,
    kind: str,
    site: Site | None,
    actor: Actor,
    node: ApplicationEntity | None = None,
    group: str = "",
    configuration: Mapping[str, Any] | None = None,
    maximum_senders: int = 2,
) -> Destination:
    """A new destination; one of no site serves the whole region.

    Raises  InvalidInput with `fields`; Conflict if the key is taken, or the node has one; NotPermitted.
    """
    check_manages(actor, site)
    destination = Destination(
        key=key, name=name, kind=kind, site=site, node=node, group=group,
        configuration=dict(configuration or {}), maximum_senders=maximum_senders, created_at=clock.now(),
    )  # fmt: skip
    check_destination(destination)
    with transaction.atomic():
        if Destination.objects.filter(key=key).exists():
            raise Conflict(_("There is a destination with this key already."), code="DESTINATION_EXISTS")
        _check_node_is_free(destination)
        destination.save()
        _audit(actor, "destination.created", destination)
    return destination


def update_destination(destination: Destination, *, actor: Actor, **changes: Any) -> Destination:
    """Change name, node, group, configuration, senders, or switch it on or off.

    Raises  InvalidInput with `fields`; Conflict if the node has another destination; NotPermitted.
    """
    check_manages(actor, destination.site)
    unknown = sorted(set(changes) - _CHANGEABLE)
    if unknown:
        raise InvalidInput(
            _("This cannot be changed."), code="NOT_CHANGEABLE", fields={unknown[0]: _("Fixed.")}
        )
    with transaction.atomic():
        held = Destination.objects.select_for_update(of=("self",)).get(pk=destination.pk)
        for name, value in changes.items():
            setattr(held, name, value)
        held.failures, held.blocked_until = 0, None
        if changes != {"is_enabled": False}:  # what will not do any more can still be switched off
            check_destination(held)
            _check_node_is_free(held)
        held.save()
        _audit(actor, "destination.changed", held, fields=sorted(changes))
    return held


def _check_node_is_free(destination: Destination) -> None:
    """A node has one destination, so that what waits for it stands in one queue."""
    if destination.node is None:
        return
    if Destination.objects.filter(node=destination.node).exclude(pk=destination.pk).exists():
        raise Conflict(_("This node has a destination already."), code="NODE_HAS_DESTINATION")


def destinations_named(
    name: str, *, site: Site, study_instance_uid: str, is_thin: bool | None
) -> list[Destination]:
    """The destinations a table means by a name, for a study of this site.

    A key means that destination; a group means one of its members, the same for all of a study as long as it
    lives; a tier means every node that takes such series. A node that takes only thin, or only other, series gets no
    others. A transaction is in hand: of a group, what is decided holds until it ends.

    Raises  NotFound if nothing of this name serves the site; Conflict if it is switched off.
    """
    serving = Destination.objects.select_related("node").filter(Q(site=None) | Q(site=site))
    named = serving.filter(key=name).first()
    if named is not None and named.kind == Destination.Kind.TIER and named.is_enabled:
        return _of_tier(named, site)
    if named is not None:
        found = [named]
    else:
        members = list(serving.filter(group=name).order_by("pk"))
        found = member_for(members, study_instance_uid=study_instance_uid) if members else []
    if not found:
        raise NotFound(
            _("There is no destination named %(name)s.") % {"name": name}, code="DESTINATION_UNKNOWN"
        )
    if not found[0].is_enabled:
        raise Conflict(
            _("The destination %(name)s is switched off.") % {"name": name}, code="DESTINATION_DISABLED"
        )
    if not _takes(found[0].node, is_thin):
        raise Conflict(
            _("The node of %(name)s does not take such series.") % {"name": name}, code="NOT_TAKEN_BY_NODE"
        )
    return found


def group_meant(destination: Destination, name: str) -> str:
    """The group a table means by a name that led to this destination; empty where it means the destination."""
    return name if destination.group == name != destination.key else ""


def unknown_names(names: Collection[str], *, site: Site | None) -> list[str]:
    """Those of the names that are neither key nor group of a destination serving the site."""
    serving = Destination.objects.filter(Q(site=None) | Q(site=site) if site is not None else Q(site=None))
    known = set(serving.filter(key__in=names).values_list("key", flat=True))
    known |= set(serving.filter(group__in=names).values_list("group", flat=True))
    return sorted(set(names) - known)


def _takes(node: ApplicationEntity | None, is_thin: bool | None) -> bool:
    if node is None or node.takes == SliceInterest.ALL:
        return True
    return (node.takes == SliceInterest.THIN) is bool(is_thin)


def _of_tier(tier: Destination, site: Site) -> list[Destination]:
    """Every node of the site, and of the hospital it consults, that takes what the tier takes."""
    sites = [site.pk, *([site.expert_site_id] if site.expert_site_id else [])]
    nodes = ApplicationEntity.objects.filter(
        takes=tier.configuration["takes"], is_enabled=True, site__in=sites
    ).exclude(host="")
    return [
        destination
        for destination in (
            destination_of_node(node) for node in nodes.order_by("pk") if node.may(AERole.STORAGE_SCP)
        )
        if destination.is_enabled
    ]


def destination_of_node(node: ApplicationEntity) -> Destination:
    """The destination that stands for a node, made when it is first needed."""
    known = Destination.objects.filter(node=node).first()
    if known is not None:
        return known
    destination, _made = Destination.objects.get_or_create(
        node=node,
        defaults={
            "key": f"node-{slugify(node.ae_title) or node.pk}-{node.pk}",
            "name": node.description or node.ae_title,
            "kind": Destination.Kind.DIMSE,
            "site": None,
            "maximum_senders": min(node.maximum_associations, 2),
            "created_at": clock.now(),
        },
    )
    return destination


def _audit(actor: Actor, action: str, destination: Destination, **detail: Any) -> None:
    record_audit(
        actor, action, object_kind="destination", object_uid=destination.key,
        site_code=destination.site.code if destination.site else "", kind=destination.kind, **detail,
    )  # fmt: skip

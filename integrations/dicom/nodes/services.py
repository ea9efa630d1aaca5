"""Adding, changing and switching nodes, with a line in the audit trail each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.models import Site
from accounts.privileges import Privilege, sites_where
from common.errors import InvalidInput, NotPermitted
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes import breaker
from integrations.dicom.nodes.validation import cleaned


def create_node(*, actor: Actor, site: Site, values: Mapping[str, Any]) -> ApplicationEntity:
    """Add a node to a site.

    Raises  InvalidInput with a sentence a field; NotPermitted if the actor manages no nodes of the site.
    """
    _require(actor, site)
    kept = _together(cleaned({"ae_title": "", **values}), ApplicationEntity(site=site))
    try:
        with transaction.atomic():
            node = ApplicationEntity.objects.create(site=site, **kept)
            _audit(actor, "node.created", node, fields=sorted(kept))
    except IntegrityError as error:
        raise _title_taken() from error
    return node


def update_node(node: ApplicationEntity, *, actor: Actor, changes: Mapping[str, Any]) -> ApplicationEntity:
    """Change what is given of a node; a node that was changed to be reached otherwise is tried afresh.

    Raises  InvalidInput with a sentence a field; NotPermitted if the actor manages no nodes of its site.
    """
    _require(actor, node.site)
    kept = _together(cleaned(changes), node)
    try:
        with transaction.atomic():
            held = (
                ApplicationEntity.objects.select_for_update(of=("self",))
                .select_related("site")
                .get(pk=node.pk)
            )
            changed = sorted(name for name, value in kept.items() if getattr(held, name) != value)
            for name in changed:
                setattr(held, name, kept[name])
            if changed:
                held.save(update_fields=changed)
                _audit(actor, "node.changed", held, fields=changed)
            if {"host", "port", "use_tls", "ae_title", "certificate_fingerprints"} & set(changed):
                breaker.try_now(held)
    except IntegrityError as error:
        raise _title_taken() from error
    return held


def enable_node(node: ApplicationEntity, *, actor: Actor) -> ApplicationEntity:
    """Let the node call and be called again."""
    return update_node(node, actor=actor, changes={"is_enabled": True})


def disable_node(node: ApplicationEntity, *, actor: Actor) -> ApplicationEntity:
    """Neither call the node nor take its calls until it is switched on again. Associations that are open go on."""
    return update_node(node, actor=actor, changes={"is_enabled": False})


def try_node_now(node: ApplicationEntity, *, actor: Actor) -> None:
    """End the rest of a node whose breaker is open: the next caller tries it."""
    _require(actor, node.site)
    with transaction.atomic():
        breaker.try_now(node)
        _audit(actor, "node.tried_now", node)


def _require(actor: Actor, site: Site) -> None:
    if not sites_where(actor, Privilege.MANAGE_NODES).filter(pk=site.pk).exists():
        raise NotPermitted(_("You do not manage the nodes of this site."), code="NODES_NOT_YOURS")


def _together(kept: dict[str, Any], node: ApplicationEntity) -> dict[str, Any]:
    """The values, if they make sense with each other and with what stays."""
    host, port = (kept.get(name, getattr(node, name)) for name in ("host", "port"))
    if bool(host) != bool(port):
        name = "port" if host else "host"
        sentence = _("A node is called by host and port: give both, or neither.")
        raise InvalidInput(
            _("Please correct the marked fields."), code="NODE_INVALID", fields={name: sentence}
        )
    return kept


def _title_taken() -> InvalidInput:
    sentence = _("A node with this AE title exists already.")
    return InvalidInput(sentence, code="AE_TITLE_TAKEN", fields={"ae_title": sentence})


def _audit(actor: Actor, action: str, node: ApplicationEntity, **detail: Any) -> None:
    record_audit(
        actor, action, object_kind="application_entity", object_uid=node.ae_title,
        site_code=node.site.code, **detail,
    )  # fmt: skip

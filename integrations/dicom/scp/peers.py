"""Who is at the other end of an association, and what that node may ask for."""

from __future__ import annotations

import time
from typing import cast

from pynetdicom.association import Association

from accounts.actors import SystemActor
from common.errors import NotPermitted
from integrations.dicom.models import AERole, ApplicationEntity

_KNOWN_S = 2.0


def calling_node(assoc: Association, *, role: AERole) -> ApplicationEntity:
    """The node that opened the association, if it holds the role.

    Raises  NotPermitted (0x0124) for a node that is not listed or may not do this.
    """
    title = str(assoc.requestor.ae_title).strip()
    node = ApplicationEntity.objects.select_related("site").filter(ae_title=title, is_enabled=True).first()
    if node is None:
        raise NotPermitted("The calling AE is not known", code="AE_UNKNOWN")
    if not node.may(role):
        raise NotPermitted(f"This AE does not hold the role {role.value}", code="AE_MAY_NOT")
    return node


def known_node(assoc: Association, *, role: AERole) -> ApplicationEntity:
    """As `calling_node`, asked of the database once in two seconds: for requests that come in quick succession."""
    node, asked_at = getattr(assoc, "consilium_node", (None, 0.0))
    if node is None or time.monotonic() - asked_at > _KNOWN_S or not node.may(role):
        node = calling_node(assoc, role=role)
        assoc.consilium_node = node, time.monotonic()  # type: ignore[attr-defined]
    return cast("ApplicationEntity", node)


def acting(node: ApplicationEntity) -> SystemActor:
    """Who the audit trail names for what the node does here."""
    return SystemActor(f"dicom:{node.ae_title}", node.site.code)

"""Who may change how series are routed: who manages the routing of the site; for the region, of a provincial one."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.actors import Actor, SystemActor
from accounts.models import Site
from accounts.privileges import Privilege, sites_where
from common.errors import NotPermitted


def manages_region(actor: Actor) -> bool:
    """Whether the actor manages routing at a provincial hospital, and so what is the whole region's."""
    managed = sites_where(actor, Privilege.MANAGE_ROUTING)
    return isinstance(actor, SystemActor) or managed.filter(kind=Site.Kind.PROVINCIAL).exists()


def check_manages(actor: Actor, site: Site | None) -> None:
    """Raises NotPermitted unless the actor manages routing at the site, or in the region for no site."""
    if site is None:
        allowed = manages_region(actor)
    else:
        allowed = sites_where(actor, Privilege.MANAGE_ROUTING).filter(pk=site.pk).exists()
    if not allowed:
        raise NotPermitted(_("You do not manage routing here."), code="NOT_ROUTING_MANAGER")

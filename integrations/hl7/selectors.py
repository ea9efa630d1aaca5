"""Which messages and links an actor may look at, and where reports of a site go."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from accounts.actors import Actor
from accounts.models import Site
from accounts.privileges import Privilege, has_privilege, sites_where
from common.errors import InvalidInput, NotFound
from integrations.hl7.models import Link, MessageLog


def visible_messages(actor: Actor) -> QuerySet[MessageLog]:
    """Messages of the sites where the actor may see messages, newest first.

    A message whose site nobody can tell is shown to those who manage a site: somebody has to look.
    """
    wanted = Q(site__in=sites_where(actor, Privilege.VIEW_MESSAGES))
    if has_privilege(actor, Privilege.MANAGE_SITE):
        wanted |= Q(site=None)
    return MessageLog.objects.filter(wanted).select_related("link", "site").order_by("-received_at", "-pk")


def visible_links(actor: Actor) -> QuerySet[Link]:
    """Links of the sites where the actor may see messages."""
    return Link.objects.filter(site__in=sites_where(actor, Privilege.VIEW_MESSAGES)).select_related("site")


def outbound_link(site: Site, *, name: str = "") -> Link:
    """The link that reports of a site leave by: the one named, else the site's own.

    Raises  NotFound where there is none; InvalidInput LINK_AMBIGUOUS where there are several and none named.
    """
    links = Link.objects.select_related("site").filter(
        direction=Link.Direction.OUTBOUND, is_active=True, site=site
    )
    if name:
        links = links.filter(name=name)
    found = list(links[:2])
    if not found:
        raise NotFound("No outbound link is set up for this site.", code="NO_OUTBOUND_LINK")
    if len(found) > 1:
        raise InvalidInput("The site has several outbound links; name one.", code="LINK_AMBIGUOUS")
    return found[0]

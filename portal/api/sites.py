"""The site that a request names by its code."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Person, Site
from accounts.privileges import Privilege, sites_where
from common.errors import InvalidInput


def site_named(
    code: object, *, among: QuerySet[Site], sentence: str, refusal_code: str = "SITE_UNKNOWN"
) -> Site:
    """The one of these sites with the code, which may be anything. Raises InvalidInput beside `site`."""
    site = next((one for one in among if one.code == code), None)
    if site is None:
        raise InvalidInput(sentence, code=refusal_code, fields={"site": sentence})
    return site


def operated_site(code: object, person: Person) -> Site:
    """One of the sites whose cases the person looks after."""
    return site_named(
        code,
        among=sites_where(person, Privilege.OPERATE_CASES),
        sentence=_("The code of a site whose cases you look after is required."),
        refusal_code=InvalidInput.default_code,
    )


def node_site(code: object, person: Person) -> Site:
    """One of the sites whose nodes and links the person manages."""
    return site_named(
        code,
        among=sites_where(person, Privilege.MANAGE_NODES),
        sentence="The code of a site whose nodes you manage is required.",
    )

"""The form of what belongs to a site: what was typed stays as it was typed, each refusal stands beside its field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from django.utils.translation import gettext as _

from accounts.models import Person, Site
from accounts.privileges import Privilege, sites_where
from common.errors import InvalidInput, ServiceError


@dataclass(slots=True)
class SiteForm:
    """The values as the page shows them, and what is wrong with them by field."""

    values: dict[str, Any]
    sites: list[Site]
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def site(self) -> Site:
        """The site that was chosen. Raises InvalidInput beside the field."""
        for site in self.sites:
            if site.code == self.values["site"]:
                return site
        sentence = _("Choose one of your sites.")
        raise InvalidInput(sentence, code="SITE_UNKNOWN", fields={"site": sentence})

    def refuse(self, refusal: ServiceError) -> Self:
        """The form with what was wrong beside its fields."""
        fields = refusal.fields if isinstance(refusal, InvalidInput) else {}
        self.errors = fields or {"": refusal.message}
        return self


def sites_offered(person: Person, privilege: Privilege) -> list[Site]:
    """The sites a form of this person may choose from."""
    return list(sites_where(person, privilege).order_by("code"))


def only_code(sites: list[Site]) -> str:
    """The code of the site that need not be chosen, being the only one; "" where there are several."""
    return sites[0].code if len(sites) == 1 else ""


def with_the_rest(refusal: InvalidInput, check_the_rest: Callable[[], object]) -> InvalidInput:
    """The refusal with whatever else is wrong, so that everything is told at once."""
    try:
        check_the_rest()
    except InvalidInput as rest:
        return InvalidInput(rest.message, code=rest.code, fields={**rest.fields, **refusal.fields})
    return refusal

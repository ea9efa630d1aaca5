"""What every page needs to know of the person in front of it, read in one statement a request."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest

from accounts.models import Membership, Person, Role, Site
from accounts.privileges import GRANTED, Privilege

_KEPT = "_consilium_standing"


@dataclass(frozen=True, slots=True)
class Standing:
    """The memberships of a person, with what follows from them."""

    memberships: tuple[Membership, ...]

    @property
    def privileges(self) -> frozenset[Privilege]:
        return frozenset().union(*(GRANTED[Role(held.role)] for held in self.memberships))

    @property
    def sites(self) -> list[Site]:
        return list({held.site_id: held.site for held in self.memberships}.values())


def person_of(request: HttpRequest) -> Person:
    """The signed-in person, with their memberships at hand; only for pages that require one."""
    person = request.user
    if not isinstance(person, Person):
        raise TypeError("This page requires a signed-in person")
    standing_of(request)
    return person


def standing_of(request: HttpRequest) -> Standing:
    """The standing of whoever asks; an empty one before sign-in."""
    kept: Standing | None = getattr(request, _KEPT, None)
    if kept is None:
        kept = Standing(_memberships(request.user) if isinstance(request.user, Person) else ())
        setattr(request, _KEPT, kept)
    return kept


def _memberships(person: Person) -> tuple[Membership, ...]:
    """Read once; what asks for them later in the request finds them with the person."""
    held = Membership.objects.select_related("site").order_by("site__code", "role")
    prefetch_related_objects([person], Prefetch("memberships", queryset=held))
    return tuple(person.memberships.all())

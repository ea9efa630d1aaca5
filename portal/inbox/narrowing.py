"""What the inbox is narrowed to beside its chips: site, role, lane and urgency, all of it in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.http import HttpRequest
from django.utils.http import urlencode

from accounts.models import Site
from common.diagram_names import name_in_words
from portal.cases.words import URGENCY, Word
from portal.shell.person import Standing
from portal.shell.posted import in_address
from workflows.models import RANKS, ROUTINE_RANK
from workflows.people.inboxes import ALL_RANKS, Wish
from workflows.people.lanes import lanes_of_roles


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The choices in the address; "" where nothing was chosen."""

    site: str = ""
    role: str = ""
    lane: str = ""
    priority: str = ""

    @property
    def is_any(self) -> bool:
        return bool(self.parts)

    @property
    def parts(self) -> dict[str, str]:
        """What was chosen, as parameters of an address."""
        return {name: text for name, text in asdict(self).items() if text}

    @property
    def query(self) -> str:
        return urlencode(self.parts)

    @property
    def wish(self) -> Wish:
        ranks = ALL_RANKS if not self.priority else (RANKS.get(self.priority, ROUTINE_RANK),)
        return Wish(site=self.site, role=self.role, lane=self.lane, ranks=ranks)


@dataclass(frozen=True, slots=True)
class Places:
    """What the list may be narrowed to; nothing where there is nothing to choose between."""

    sites: Sequence[Site]
    roles: Sequence[str]
    lanes: Sequence[tuple[str, str]]
    priorities: Sequence[tuple[str, Word]]


def narrowing_of(request: HttpRequest) -> Narrowing:
    """What an address asks for; a priority nobody has is none."""
    wanted = {name: in_address(request, name) for name in ("site", "role", "lane", "priority")}
    return Narrowing(**{**wanted, "priority": wanted["priority"] if wanted["priority"] in URGENCY else ""})


def places_for(standing: Standing, narrowing: Narrowing) -> Places:
    """The sites and roles the person has, where they have several, and the lanes in which such roles work."""
    roles = sorted({held.role for held in standing.memberships})
    lanes = sorted({*lanes_of_roles(roles), narrowing.lane} - {""})
    return Places(
        sites=standing.sites if len(standing.sites) > 1 else [],
        roles=roles if len(roles) > 1 else [],
        lanes=[(lane, name_in_words(lane)) for lane in lanes] if len(lanes) > 1 or narrowing.lane else [],
        priorities=list(URGENCY.items()),
    )

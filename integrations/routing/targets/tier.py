"""A tier: no place itself, but every node that takes such series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from common.errors import Conflict, InvalidInput
from integrations.dicom.models import SliceInterest
from integrations.routing.models import Destination
from integrations.routing.targets.base import Outcome, Parcel

_MEANT = {str(SliceInterest.THIN), str(SliceInterest.THICK)}


class TierTarget:
    """Configuration `{"takes": "thin"}` or `"thick"`."""

    settings = frozenset({"takes"})

    def check(self, destination: Destination) -> None:
        if destination.configuration.get("takes") not in _MEANT:
            problem = _("A tier takes thin or thick series.")
            raise InvalidInput(problem, code="BAD_TIER", fields={"takes": problem})

    def send(self, destination: Destination, parcels: Sequence[Parcel]) -> Iterator[Outcome]:  # noqa: ARG002
        raise Conflict("A tier stands for nodes; nothing is sent to itself", code="TIER_IS_NO_PLACE")

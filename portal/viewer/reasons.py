"""Reasons the archive wrote down, in the reader's language.

The index keeps a verdict's reason as one English sentence with its numbers. Here the sentence is taken
apart again and its parts are translated; a reason nobody foresaw is shown as it was written.
"""

from __future__ import annotations

import re
from functools import lru_cache

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

PARTS = (
    # completeness
    _("All %(expected)s announced instances are here."),
    _("%(here)s of %(expected)s announced instances are here;"),
    _("%(here)s instances with %(gaps)s gap(s), about %(missing)s slices missing;"),
    _("%(here)s instances without a gap;"),
    _("%(here)s instances;"),
    _("%(here)s instances, and the sender has not released;"),
    _("%(here)s instances, and the performed step is in progress;"),
    _("The performed step names %(named)s instances, and all are here."),
    _("The performed step names %(named)s instances, %(here)s are here;"),
    _("The availability notification names %(named)s instances, and all are here."),
    _("The availability notification names %(named)s instances, %(here)s are here;"),
    _("The storage commitment request names %(named)s instances, and all are here."),
    _("The storage commitment request names %(named)s instances, %(here)s are here;"),
    _("%(more)s more are here that it does not name."),
    _("The header announces %(expected)s, %(here)s are here."),
    _("nothing more came for %(seconds)s s."),
    _("waiting until nothing comes for %(seconds)s s."),
    _("Completed again: %(late)s late instances."),
    # geometry and thin slices
    _("Measured spacing %(spacing)s mm is within the limit of %(limit)s mm."),
    _("Measured spacing %(spacing)s mm is above the limit of %(limit)s mm."),
    _("Multi-frame objects carry their positions frame by frame."),
    _("The instances carry no positions."),
    _("Multi-frame objects of this kind do not say where each frame lies."),
    _("The slices lie in different planes."),
    _("The slices differ in their matrix."),
    _("The slices have no pixel spacing in common."),
    _("The series holds several stacks of one plane."),
    _("Stack %(number)s of %(count)s: %(plane)s, %(slices)s slices."),
    _("Thin and thick stacks are mixed."),
    _("The orientation is no pair of perpendicular directions."),
    _("One position only."),
    _("One slice only."),
    # matching
    _("study UID of the order"),
    _("accession number of the order"),
    _("The order is for a patient with another identifier"),
    _("The order is for another patient"),
    _("Patient known by the site's identifier;"),
    _("Patient registered provisionally from the images;"),
    _("the order is for a patient with another identifier"),
    _("the order is for another patient"),
    _("no order with this study UID or accession number"),
    _("study UID is of an order for another patient"),
    _("accession number is of an order for another patient"),
)
_BETWEEN_PARTS = re.compile(r"(?<=[;.]) ")


def reworded(reason: str) -> str:
    """The reason with every part that is known translated."""
    return " ".join(_reworded_part(part) for part in _BETWEEN_PARTS.split(reason)) if reason else ""


def _reworded_part(part: str) -> str:
    for pattern, message in _patterns():
        found = pattern.fullmatch(part)
        if found:
            return gettext(message) % found.groupdict() if "%(" in message else gettext(message)
    return part


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    return [(_pattern(message), message) for message in PARTS]


def _pattern(message: str) -> re.Pattern[str]:
    pieces = re.split(r"%\((\w+)\)s", message)
    written = [
        rf"(?P<{piece}>\S+)" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces)
    ]
    return re.compile("".join(written))

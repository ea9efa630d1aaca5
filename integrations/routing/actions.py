"""What one row of a routing table asks for, understood and checked. Pure: knows no rows of ours, asks nobody.

Its outputs are columns of these names, any of them:

destination   key of a destination, or of a group of equal ones
deidentify    profile and options, such as "basic" or "basic, uids, key research"
script        a script of the library with its version, such as tidy-names@3, which may change attributes
coerce        a context of attribute keywords and values, such as {InstitutionName: "Research"}
compress      jpeg-ls, jpeg-2000, rle or htj2k; always lossless
priors        how many earlier studies of the patient go to the destination too
storage_tier  hot, warm or cold: where the bytes of the series lie from now on
template      key of a post-processing template to run
process       key of a process to start
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from common.errors import InvalidInput
from integrations.routing.transforms.catalogue import COMPRESSIONS, check_coercion
from integrations.routing.transforms.deidentification import check_deidentification
from integrations.routing.transforms.scripted import check_script_name

DESTINATION, STORAGE_TIER = "destination", "storage_tier"
SCRIPT = "script"
OUTPUTS = (
    DESTINATION, "deidentify", SCRIPT, "coerce", "compress", "priors", STORAGE_TIER, "template", "process",
)  # fmt: skip
MOST_PRIORS = 20


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to be done with a series. `rows` are the rows of the table that ask for it, from 1."""

    rows: tuple[int, ...]
    destination: str = ""
    transforms: tuple[dict[str, Any], ...] = ()
    priors: int = 0
    storage_tier: str = ""
    template: str = ""
    process: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not self.as_json().keys() - {"rows"}

    def as_json(self) -> dict[str, Any]:
        """What there is to say of it."""
        said = {
            "rows": list(self.rows),
            "destination": self.destination,
            "transforms": list(self.transforms),
            "priors": self.priors,
            "storage_tier": self.storage_tier,
            "template": self.template,
            "process": self.process,
        }
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a table says of one series: rows that matched, what to do, and what could not be understood."""

    matched: list[dict[str, Any]] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)

    def aims(self) -> set[str]:
        """What is to be done, one text each, for comparing two verdicts."""
        return {_aim(action) for action in self.actions}


def action_of(answer: Mapping[str, Any], rows: tuple[int, ...]) -> Action:
    """What a row asks for. Raises InvalidInput for an output nobody knows, or a value that will not do."""
    unknown = sorted(set(answer) - set(OUTPUTS))
    if unknown:
        raise InvalidInput(
            _("The table has an output nobody knows: %(name)s") % {"name": unknown[0]},
            code="OUTPUT_UNKNOWN",
        )
    destination = _text(answer, "destination")
    transforms = _transforms(answer)
    priors = _priors(answer.get("priors"))
    if not destination and (transforms or priors):
        raise InvalidInput(_("The row names no destination for what it asks."), code="DESTINATION_MISSING")
    return Action(
        rows, destination, tuple(transforms), priors, _text(answer, STORAGE_TIER),
        _text(answer, "template"), _text(answer, "process"),
    )  # fmt: skip


def _transforms(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is done to the objects, in the order it is done: a compressed object is not changed any more."""
    steps: list[dict[str, Any]] = []
    deidentify, script, coerce, compress = (
        answer.get(name) for name in ("deidentify", SCRIPT, "coerce", "compress")
    )
    if deidentify:
        steps.append(check_deidentification(deidentify))
    if script:
        steps.append({"do": "script", "script": check_script_name(script)})
    if coerce:
        steps.append({"do": "coerce", "values": check_coercion(coerce)})
    if compress:
        if compress not in COMPRESSIONS:
            raise InvalidInput(
                _("There is no compression named %(name)s") % {"name": compress},
                code="COMPRESSION_UNKNOWN",
            )
        steps.append({"do": "compress", "to": str(compress)})
    return steps


def _priors(value: Any) -> int:
    if value is None:
        return 0
    if not isinstance(value, Decimal | int) or isinstance(value, bool) or not 0 <= value <= MOST_PRIORS:
        raise InvalidInput(
            _("Priors are a number from 0 to %(most)s") % {"most": MOST_PRIORS},
            code="BAD_PRIORS",
        )
    return int(value)


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(_("The output %(name)s is not a text") % {"name": name}, code="BAD_OUTPUT")
    return value.strip()


def together(actions: Sequence[Action]) -> list[Action]:
    """Equal wishes of several rows are one; of two ways to the same destination the first row's counts.

    Of two storage tiers the first row's counts, too: a series lies on one.
    """
    kept: dict[str, Action] = {}
    for action in _on_one_tier(actions):
        key = action.destination or _aim(action)
        known = kept.get(key)
        if known is None:
            kept[key] = action
            continue
        kept[key] = replace(
            known,
            rows=(*known.rows, *action.rows),
            priors=max(known.priors, action.priors),
            storage_tier=known.storage_tier or action.storage_tier,
            template=known.template or action.template,
            process=known.process or action.process,
        )
    return list(kept.values())


def _on_one_tier(actions: Sequence[Action]) -> list[Action]:
    """The actions with the first tier that is asked for; what asked for nothing but another one is gone."""
    tier = next((action.storage_tier for action in actions if action.storage_tier), "")
    agreed = [
        action if action.storage_tier in ("", tier) else replace(action, storage_tier="")
        for action in actions
    ]
    return [action for action in agreed if not action.is_empty]


def _aim(action: Action) -> str:
    said = {name: value for name, value in action.as_json().items() if name != "rows"}
    return repr(sorted(said.items()))

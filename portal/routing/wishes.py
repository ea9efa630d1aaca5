"""What a row of a table asks for, in words: a mark and a text for each thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from archive.storage.models import Tier

_STEPS: Mapping[str, str | Promise] = {
    "deidentify": gettext_lazy("de-identified"),
    "script": gettext_lazy("changed by a script"),
    "coerce": gettext_lazy("attributes set"),
    "compress": gettext_lazy("compressed"),
}
OUTPUT: Mapping[str, str | Promise] = {
    "destination": gettext_lazy("where the objects are sent"),
    "deidentify": gettext_lazy("what is taken out on the way"),
    "script": gettext_lazy("a script that changes attributes on the way, such as tidy-names@3"),
    "coerce": gettext_lazy("attributes that are set on the way"),
    "compress": gettext_lazy("lossless compression on the way"),
    "priors": gettext_lazy("how many earlier studies go along"),
    "storage_tier": gettext_lazy("where the bytes lie here"),
    "template": gettext_lazy("a post-processing template that is run"),
    "process": gettext_lazy("a process that is started"),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing that is asked for; `is_aside` for what belongs to the one before."""

    icon_name: str
    text: str
    is_aside: bool = False


def wishes_of(actions: Sequence[Mapping[str, Any]]) -> list[Wish]:
    """What these actions ask for, as decisions and trials keep them."""
    return [wish for action in actions for wish in _of_one(action)]


def storage_words(tier: str) -> str:
    """A storage tier as people call it; one that there is not as it was written."""
    label = Tier(tier).label if tier in Tier.values else tier
    return _("storage: %(tier)s") % {"tier": label}


def aims_of(actions: Sequence[Mapping[str, Any]]) -> str:
    """Where actions lead, in one line; "" for nowhere."""
    sent = {str(one["destination"]) for one in actions if one.get("destination")}
    placed = {storage_words(str(one["storage_tier"])) for one in actions if one.get("storage_tier")}
    return ", ".join([*sorted(sent), *sorted(placed)])


def _of_one(action: Mapping[str, Any]) -> list[Wish]:
    wishes: list[Wish] = []
    if action.get("destination"):
        wishes.append(Wish("send", str(action["destination"])))
        wishes += [Wish("", _step(step), is_aside=True) for step in action.get("transforms", [])]
    if action.get("priors"):
        wishes.append(Wish("", _("%(count)s earlier studies") % {"count": action["priors"]}, is_aside=True))
    if "sent_to" in action:  # a decision keeps what else its row asked for as an action of its own
        return wishes
    if action.get("storage_tier"):
        wishes.append(Wish("archive", storage_words(str(action["storage_tier"]))))
    if action.get("template"):
        wishes.append(Wish("layers", str(action["template"])))
    if action.get("process"):
        wishes.append(Wish("workflow", str(action["process"])))
    return wishes


def _step(step: Mapping[str, Any]) -> str:
    words = str(_STEPS.get(str(step["do"]), step["do"]))
    detail = step.get("to") or step.get("script")
    return f"{words} ({detail})" if detail else words

"""De-identification on the way out, by the words a table uses.

"basic" is the Basic profile; options follow it by their names, and `key NAME` and `reversible` where a project
has a key of its own: "basic, uids, modified_dates, key research".

Reference  PS3.15 Annex E
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from archive.deidentification.services import Option, Profile, Siblings
from archive.deidentification.services import deidentify as _deidentify
from common.errors import InvalidInput

BASIC, REVERSIBLE, KEY = "basic", "reversible", "key "


def check_deidentification(words: Any) -> dict[str, Any]:
    """The step that these words ask for.

    Raises  InvalidInput for a word that is neither profile nor option, or options that contradict each other.
    """
    parts = [part.strip().lower() for part in str(words).split(",") if part.strip()]
    if BASIC not in parts:
        raise InvalidInput(
            _('De-identification is by the "basic" profile, with options'), code="PROFILE_UNKNOWN"
        )
    keys = [part.removeprefix(KEY).strip() for part in parts if part.startswith(KEY)]
    options = sorted({part for part in parts if part not in (BASIC, REVERSIBLE) and not part.startswith(KEY)})
    step = {
        "do": "deidentify",
        "options": options,
        "key": keys[0] if keys else "default",
        "reversible": REVERSIBLE in parts,
    }
    _profile(step)
    return step


def needs_siblings(transforms: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a step looks at the whole series to change one object of it."""
    return any(Option.CLEAN_VISUAL_FEATURES in step.get("options", ()) for step in transforms)


def deidentify(data: bytes, step: Mapping[str, Any], siblings: Siblings | None = None) -> bytes:
    """The Part 10 file without what tells who the patient is.

    Raises  InvalidInput if it cannot be made safe; nothing leaves then.
    """
    return _deidentify(data, profile=_profile(step), siblings=siblings)


def _profile(step: Mapping[str, Any]) -> Profile:
    return Profile.named(step["options"], key_name=step["key"], is_reversible=step["reversible"])

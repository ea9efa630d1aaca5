"""What a link may be: every field checked, each refusal beside its field, in words a person can act on.

Reference  HL7 v2.5.1 §2.15.9 (MSH), Table 0211 (character sets)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from common.errors import InvalidInput
from common.hosts import host_in
from integrations.hl7.fields import CHARACTER_SETS
from integrations.hl7.models import Link
from workflows.scripting.library.selectors import find_script

_NAME = re.compile(r"[-A-Za-z0-9_]{1,60}")
_PORTS = range(1, 65536)
_MOST_CODES = 200
FOR_GOOD = frozenset({"name", "direction"})
"""What messages and diagrams know a link by: given when it is added, and never changed."""


class _Wrong(ValueError):
    """What is wrong with one value, as a sentence."""


def cleaned(values: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
    """The values as they are kept. Only the fields given are looked at.

    Raises  InvalidInput with one sentence a field.
    """
    kept: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, value in values.items():
        check = None if name in FOR_GOOD and not is_new else _CHECKS.get(name)
        try:
            if check is None:
                raise _Wrong(_("There is no such property of a link, or it stays as it is."))
            kept[name] = check(value)
        except _Wrong as error:
            wrong[name] = str(error)
    if is_new:
        wrong = _missing(kept.get("direction", ""), kept) | wrong
    if wrong:
        raise invalid(wrong)
    return kept


def check_whole(link: Link) -> None:
    """Refuse a link that lacks what its direction needs. Raises InvalidInput with one sentence a field."""
    if missing := _missing(link.direction, vars(link)):
        raise invalid(missing)


def invalid(fields: dict[str, str], *, code: str = "LINK_INVALID") -> InvalidInput:
    """The refusal of a link at these fields."""
    return InvalidInput(_("Please correct the marked fields."), code=code, fields=fields)


def _missing(direction: str, values: Mapping[str, Any]) -> dict[str, str]:
    needed: dict[str, str] = {}
    if direction == Link.Direction.INBOUND:
        needed = {"sending_application": _("Give what the sender writes in MSH-3: it is known by that.")}
    if direction == Link.Direction.OUTBOUND:
        needed = {
            "host": _("Give the host that messages are sent to."),
            "port": _("Give the port that messages are sent to."),
        }
    return {name: sentence for name, sentence in needed.items() if not values.get(name)}


def _name(value: Any) -> str:
    name = str(value).strip()
    if not _NAME.fullmatch(name):
        raise _Wrong(_("A name has 1 to 60 letters, digits, hyphens and underscores."))
    return name


def _direction(value: Any) -> str:
    if value not in Link.Direction.values:
        raise _Wrong(_("Choose whether messages come in or go out."))
    return str(value)


def _party(value: Any) -> str:
    text = str(value).strip()
    if len(text) > 60 or not text.isprintable():
        raise _Wrong(_("At most %(n)d characters on one line.") % {"n": 60})
    return text


def _host(value: Any) -> str:
    text = str(value).strip()
    host = host_in(text) if text else ""
    if host is None:
        raise _Wrong(_("This is no host name and no IP address."))
    return host


def _port(value: Any) -> int | None:
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text[:9]) not in _PORTS:
        raise _Wrong(_("A whole number from %(least)d to %(most)d.") % {"least": 1, "most": 65535})
    return int(text)


def _character_set(value: Any) -> str:
    text = str(value).strip().upper()
    if not text or text not in CHARACTER_SETS:
        raise _Wrong(_("Choose one of the offered character sets."))
    return text


def _codes(value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or len(value) > _MOST_CODES:
        raise _Wrong(_("A list of at most %(n)d entries.") % {"n": _MOST_CODES})
    return list(dict.fromkeys(code for each in value if (code := _party(each))))


def _script(value: Any) -> str:
    reference = str(value).strip()[:75]
    if reference and find_script(reference) is None:
        raise _Wrong(_("There is no script %(name)s in force.") % {"name": reference})
    return reference


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(_("This is either true or false."))
    return value


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "direction": _direction,
    "sending_application": _party,
    "sending_facility": _party,
    "receiving_application": _party,
    "receiving_facility": _party,
    "host": _host,
    "port": _port,
    "character_set": _character_set,
    "consultation_codes": _codes,
    "mapping_script": _script,
    "is_active": _flag,
}

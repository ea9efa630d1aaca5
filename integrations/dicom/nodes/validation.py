"""What a node may be: every field checked, each refusal beside its field, in words a person can act on.

Reference  PS3.5 §6.2 (AE), PS3.3 §C.12.1.1.2 (Specific Character Set)
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from pydicom.charset import python_encoding

from common.errors import InvalidInput
from common.hosts import host_in
from integrations.dicom.models import AERole, SliceInterest
from integrations.dicom.nodes.quirks import Quirk

_AE_TITLE = re.compile(r"[\x20-\x5b\x5d-\x7e]{1,16}")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_WINDOW_FIELDS = {"from", "to", "instances_per_hour", "megabytes_per_hour"}
_MOST_IN_A_LIST = 64


class _Wrong(ValueError):
    """What is wrong with one value, as a sentence."""


def cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are kept. Only the fields given are looked at.

    Raises  InvalidInput with one sentence a field.
    """
    kept: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, value in values.items():
        check = _CHECKS.get(name)
        try:
            if check is None:
                raise _Wrong(_("There is no such property of a node."))
            kept[name] = check(value)
        except _Wrong as error:
            wrong[name] = str(error)
    if wrong:
        raise InvalidInput(_("Please correct the marked fields."), code="NODE_INVALID", fields=wrong)
    return kept


def _ae_title(value: Any) -> str:
    title = str(value).strip(" ")
    if not title:
        raise _Wrong(_("An AE title is required."))
    if not _AE_TITLE.fullmatch(title):
        raise _Wrong(_("An AE title has 1 to 16 characters of ASCII, none of them a backslash."))
    return title


def _description(value: Any) -> str:
    return _text(value, longest=120)


def _text(value: Any, *, longest: int) -> str:
    text = str(value).strip()
    if len(text) > longest or not text.isprintable():
        raise _Wrong(_("At most %(n)d characters on one line.") % {"n": longest})
    return text


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(_("This is either true or false."))
    return value


def _host(value: Any) -> str:
    host = str(value).strip()
    if not host:
        return ""
    named = host_in(host)
    if named is None:
        raise _Wrong(_("This is no host name and no IP address."))
    return named


def _port(value: Any) -> int | None:
    return None if value in (None, "") else _number(value, least=1, most=65535)


def _number(value: Any, *, least: int, most: int) -> int:
    text = str(value).strip()
    if not text.isascii() or not text.isdigit() or not least <= int(text[:9]) <= most:
        raise _Wrong(_("A whole number from %(least)d to %(most)d.") % {"least": least, "most": most})
    return int(text)


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list | tuple) or len(value) > _MOST_IN_A_LIST:
        raise _Wrong(_("A list of at most %(n)d entries.") % {"n": _MOST_IN_A_LIST})
    return list(value)


def _chosen_from(choices: list[str], value: Any) -> list[str]:
    chosen = list(dict.fromkeys(str(each) for each in _listed(value)))
    if unknown := [each for each in chosen if each not in choices]:
        raise _Wrong(_("Not known here: %(names)s") % {"names": ", ".join(unknown)[:80]})
    return chosen


def _networks(value: Any) -> list[str]:
    networks = []
    for each in _listed(value):
        try:
            networks.append(str(ipaddress.ip_network(str(each).strip(), strict=False)))
        except ValueError:
            raise _Wrong(
                _("“%(text)s” is no address and no network like 10.1.0.0/16.") % {"text": str(each)[:40]}
            ) from None
    return networks


def _fingerprints(value: Any) -> list[str]:
    found = [str(each).replace(":", "").strip().lower() for each in _listed(value)]
    if not all(_FINGERPRINT.fullmatch(each) for each in found):
        raise _Wrong(_("A fingerprint is a SHA-256 digest: 64 hexadecimal digits."))
    return found


def _character_set(value: Any) -> str:
    text = str(value).strip()
    if text and not all(part in python_encoding for part in text.split("\\")):
        raise _Wrong(_("DICOM defines no such character set; ISO_IR 192 is UTF-8."))
    return text


def _takes(value: Any) -> str:
    if value not in SliceInterest.values:
        raise _Wrong(_("One of: %(names)s.") % {"names": ", ".join(SliceInterest.values)})
    return str(value)


def _limits(value: Any) -> list[dict[str, Any]]:
    return [_window(each) for each in _listed(value)]


def _window(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not {"from", "to"} <= set(value) <= _WINDOW_FIELDS:
        raise _Wrong(_("A limit has from, to, and instances_per_hour or megabytes_per_hour."))
    window: dict[str, Any] = {name: _time_of_day(value[name]) for name in ("from", "to")}
    for name in ("instances_per_hour", "megabytes_per_hour"):
        if value.get(name) not in (None, ""):
            window[name] = _number(value[name], least=0, most=99_999_999)
    if len(window) == 2:
        raise _Wrong(_("A limit names instances or megabytes per hour."))
    return window


def _time_of_day(value: Any) -> str:
    try:
        return dt.time.fromisoformat(str(value).strip()).strftime("%H:%M")
    except ValueError:
        raise _Wrong(_("“%(text)s” is no time of day like 08:00.") % {"text": str(value)[:20]}) from None


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "ae_title": _ae_title,
    "description": _description,
    "is_enabled": _flag,
    "roles": lambda value: _chosen_from(AERole.values, value),
    "takes": _takes,
    "host": _host,
    "port": _port,
    "use_tls": _flag,
    "allowed_addresses": _networks,
    "certificate_fingerprints": _fingerprints,
    "character_set": _character_set,
    "quirks": lambda value: _chosen_from(Quirk.values, value),
    "limits": _limits,
    "maximum_associations": lambda value: _number(value, least=1, most=64),
    "timeout_s": lambda value: _number(value, least=1, most=600),
}

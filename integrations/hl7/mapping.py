"""Mapping: a script of the library goes over a message before we read it, or before the receiver does.

The script finds the message as `fields`, by the addresses people use: `PID-8`, and `OBX[2]-5` in the second OBX. What
it changes, adds or takes away there is changed in the message; the header, which says whose message this is, stays
as it came. A script that sets `refuse` refuses the message, at the field `refuse_at` if it names one.

Reference  HL7 v2.5.1 §2.5 (message construction), §2.15.5 (ERR)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from common import clock
from common.errors import InvalidInput, ServiceError, Unavailable
from integrations.hl7.fields import Message, parse
from integrations.hl7.models import Link
from integrations.hl7.refusals import FIELD_MISSING, MAPPING_REFUSED
from workflows.scripting import run_script
from workflows.scripting.library.models import ScriptVersion
from workflows.scripting.library.selectors import find_script

HEADER = "MSH"
LONGEST_SHOWN = 32_000  # letters of one field: documents in base64 are nothing for a script
_ADDRESS = re.compile(r"(?P<segment>[A-Z][A-Z0-9]{2}(?:\[[1-9][0-9]{0,3}\])?)-(?P<field>[1-9][0-9]{0,2})")
_ENDS_A_SEGMENT = re.compile(r"[\r\n\0]")


@dataclass(frozen=True, slots=True)
class Mapped:
    """The message as it was made, and the version of the script that made it so."""

    message: Message
    script: str


def mapped(message: Message, link: Link) -> Mapped:
    """The message after the link's script.

    Raises  InvalidInput at a field where the script refuses the message; Unavailable where there is no such script
            or no sandbox; ServiceError (AE 207) for a script that comes to no end, or makes what is no message.
    """
    script = find_script(link.mapping_script)
    if script is None:
        raise Unavailable("The mapping of this link is not in force.", code="MAPPING_MISSING")
    name = f"{script.name}@{script.number}"
    fields = fields_of(message)
    header = message[HEADER]
    trigger = f"{header[9].component(1)}^{header[9].component(2)}"
    given = {"fields": fields, "trigger": trigger, "link": link.name}
    result = run_script(script.source, given, name=name, now=clock.now(), actor=link.actor)
    if result.get("refuse"):
        raise _refusal(result, fields, script)
    return Mapped(_changed(message, fields, result.get("fields", fields)), name)


def mapped_bytes(data: bytes, link: Link) -> tuple[bytes, str]:
    """A message of ours after the link's script, in the link's character set, and the script's version.

    Raises  as `mapped`; InvalidInput CHARACTER_SET for a sign the link's character set lacks.
    """
    done = mapped(parse(data, character_set=link.character_set), link)
    try:
        return done.message.encoded(), done.script
    except UnicodeEncodeError:
        raise InvalidInput(
            "The message cannot be written in the link's character set.", code="CHARACTER_SET"
        ) from None


def fields_of(message: Message) -> dict[str, str]:
    """Every field that says something, as it is written, by its address."""
    signs = message.delimiters
    return {
        f"{place}-{number}": text
        for place, parts in _addressed(message)
        for number, text in enumerate(parts)
        if number and text and len(text) <= LONGEST_SHOWN and text not in {signs.field, signs.encoding_characters}
    }  # fmt: skip


def _addressed(message: Message) -> Iterator[tuple[str, list[str]]]:
    """Each segment's address with its parts, of which the one numbered n is field n."""
    met: Counter[str] = Counter()
    for segment in message.segments:
        met[segment.name] += 1
        count = met[segment.name]
        parts = segment.raw.split(message.delimiters.field)
        if segment.name == HEADER:
            parts.insert(1, message.delimiters.field)  # MSH-1 is the separator itself (§2.15.9.1)
        yield (segment.name if count == 1 else f"{segment.name}[{count}]"), parts


def _changed(message: Message, before: Mapping[str, str], after: Any) -> Message:
    """The message with the fields that differ put in place."""
    if not isinstance(after, dict):
        raise _unusable()
    changes = {address: text for address, text in after.items() if before.get(address) != text}
    changes |= dict.fromkeys(before.keys() - after.keys(), "")
    if not changes:
        return message
    segments = dict(_addressed(message))
    for address, text in changes.items():
        found = _ADDRESS.fullmatch(address)
        parts = segments.get(found["segment"].removesuffix("[1]")) if found else None
        if found is None or parts is None or parts[0] == HEADER or not _may_stand(text, message):
            raise _unusable()
        number = int(found["field"])
        parts += [""] * (number + 1 - len(parts))
        parts[number] = text
    lines = (_line(parts, message.delimiters.field) for parts in segments.values())
    return Message("".join(f"{line}\r" for line in lines), message.delimiters, message.encoding)


def _line(parts: list[str], separator: str) -> str:
    return separator.join([parts[0], *parts[2:]] if parts[0] == HEADER else parts)


def _may_stand(text: Any, message: Message) -> bool:
    return isinstance(text, str) and message.delimiters.field not in text and not _ENDS_A_SEGMENT.search(text)


def _unusable() -> ServiceError:
    return ServiceError("The mapping of this link makes what is no message.", code="MAPPING_UNUSABLE")


def _refusal(result: Mapping[str, Any], fields: Mapping[str, str], script: ScriptVersion) -> InvalidInput:
    """Only words that stand in the script are passed on: others could be the patient's."""
    reason, place = result["refuse"], result.get("refuse_at")
    if not isinstance(reason, str) or reason not in script.source:
        reason = "The mapping of this link refuses the message."
    if not isinstance(place, str) or not _ADDRESS.fullmatch(place):
        return InvalidInput(reason, code=MAPPING_REFUSED)
    code = MAPPING_REFUSED if fields.get(place) else FIELD_MISSING
    return InvalidInput(reason, code=code, fields={place: reason})

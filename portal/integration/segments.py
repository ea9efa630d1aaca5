"""An HL7 message as segments and fields a person can read."""

from __future__ import annotations

from dataclasses import dataclass

from common.errors import InvalidInput
from integrations.hl7.fields import Segment, parse


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field that says something, by its place: `PID-3`."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class SegmentView:
    name: str
    summary: str
    fields: list[FieldView]


@dataclass(frozen=True, slots=True)
class MessageView:
    """The segments; where the message cannot be read, why, and its text as far as it is text."""

    segments: list[SegmentView]
    problem: str = ""
    raw_text: str = ""


def message_view(data: bytes, *, character_set: str = "") -> MessageView:
    """The message taken apart, or the reason why it cannot be."""
    if not data:
        return MessageView([])
    try:
        message = parse(data, character_set=character_set)
    except InvalidInput as error:
        return MessageView([], error.message, data.decode("utf-8", errors="replace").replace("\r", "\n"))
    return MessageView([_segment(segment) for segment in message.segments])


def _segment(segment: Segment) -> SegmentView:
    last = len(segment.raw.split(segment.delimiters.field)) + 1
    fields = [
        FieldView(f"{segment.name}-{number}", segment[number].raw)
        for number in range(1, last)
        if segment[number].raw
    ]
    return SegmentView(segment.name, segment.raw[4:160], fields)

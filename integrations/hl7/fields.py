"""Reading HL7 v2 messages field by field, and only the fields that are asked for.

Nothing is split before it is read: a message costs its decoding and one split into segments, a field one
split of its segment. Absent segments and fields read as empty, so callers ask without testing first.

Reference  HL7 v2.5.1 §2.5 (message construction), §2.7 (escape sequences), §2.15.9 (MSH)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from common.errors import InvalidInput

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NULL = '""'  # "delete what you hold", HL7 v2.5.1 §2.5.3

# HL7 Table 0211 to Python's codecs. ASCII is read as UTF-8, which holds it: senders forget MSH-18.
CHARACTER_SETS = {
    "": "utf-8",
    "ASCII": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UNICODE": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "GB 18030-2000": "gb18030",
    "GB18030": "gb18030",
    "GBK": "gb18030",
    "GB2312": "gb18030",
    "BIG-5": "big5",
    **{f"8859/{part}": f"iso8859_{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
}


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The characters that separate the parts of this message (HL7 v2.5.1 §2.5.4)."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def encoding_characters(self) -> str:
        """MSH-2."""
        return f"{self.component}{self.repetition}{self.escape}{self.subcomponent}"

    def escaped(self, text: str) -> str:
        """The text as it may stand in a field; line breaks become the FT command `.br`."""
        if self.escape:
            text = text.replace(self.escape, f"{self.escape}E{self.escape}")
            for sign, letter in self._letters():
                text = text.replace(sign, f"{self.escape}{letter}{self.escape}")
        line_break = f"{self.escape}.br{self.escape}" if self.escape else " "
        return re.sub(r"\r\n|\r|\n", lambda _: line_break, text)

    def unescaped(self, text: str, *, encoding: str = "utf-8") -> str:
        """What the text of a field says. Hexadecimal is read in the message's character set.

        Highlighting is dropped; a sequence that is unknown or not closed stays as it was written.
        """
        if not self.escape or self.escape not in text:
            return text
        sign = re.escape(self.escape)

        def meaning(match: re.Match[str]) -> str:
            return self._meaning(match[1], encoding=encoding, written=match[0])

        # Neighbouring \Xhh\ belong together: one character of several bytes may be written in pieces.
        joined = re.sub(rf"(?<={sign}X)([0-9A-Fa-f]+){sign}{sign}X(?=[0-9A-Fa-f]+{sign})", r"\1", text)
        return re.sub(rf"{sign}([^{sign}]*){sign}", meaning, joined)

    def _letters(self) -> list[tuple[str, str]]:
        pairs = [(self.field, "F"), (self.component, "S"), (self.repetition, "R"), (self.subcomponent, "T")]
        return [(sign, letter) for sign, letter in pairs if sign]

    def _meaning(self, sequence: str, *, encoding: str, written: str) -> str:
        plain = {letter: sign for sign, letter in self._letters()} | {
            "E": self.escape, "H": "", "N": "", ".br": "\n", ".sp": "\n",
        }  # fmt: skip
        if sequence in plain:
            return plain[sequence]
        if re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", sequence):
            return bytes.fromhex(sequence[1:]).decode(encoding, errors="replace").replace("\x00", "")
        return written


class Field:
    """One field or one repetition of it. Text is unescaped as it is read."""

    __slots__ = ("_delimiters", "_encoding", "raw")

    def __init__(self, raw: str, delimiters: Delimiters, encoding: str) -> None:
        self.raw = raw
        self._delimiters = delimiters
        self._encoding = encoding

    def __bool__(self) -> bool:
        """Whether a value was sent; an explicit null is none."""
        return self.raw not in {"", NULL}

    @property
    def is_null(self) -> bool:
        """Whether the sender asks for the value to be deleted."""
        return self.raw == NULL

    @property
    def repetitions(self) -> list[Field]:
        """Every repetition that says something."""
        sign = self._delimiters.repetition
        parts = self.raw.split(sign) if sign else [self.raw]
        return [Field(part, self._delimiters, self._encoding) for part in parts if part not in {"", NULL}]

    @property
    def value(self) -> str:
        """The first component of the first repetition: what a simple field holds."""
        return self.component(1)

    @property
    def text(self) -> str:
        """The whole field as running text, delimiters and all, for ST, TX and FT."""
        return "" if self.is_null else self._delimiters.unescaped(self.raw, encoding=self._encoding).strip()

    def component(self, number: int, subcomponent: int = 1) -> str:
        """A component of the first repetition, counted from 1 like the standard does; "" if not there."""
        signs = self._delimiters
        text = self.raw.split(signs.repetition, 1)[0] if signs.repetition else self.raw
        text = _part(text, signs.component, number)
        text = _part(text, signs.subcomponent, subcomponent)
        return "" if text == NULL else signs.unescaped(text, encoding=self._encoding).strip()


class Segment:
    """One segment. `segment[3]` is its third field, counted like the standard does."""

    __slots__ = ("_encoding", "_fields", "delimiters", "name", "raw")

    def __init__(self, raw: str, delimiters: Delimiters, encoding: str) -> None:
        self.raw = raw
        self.name = raw[:3]
        self.delimiters = delimiters
        self._encoding = encoding
        self._fields: list[str] | None = None

    def __bool__(self) -> bool:
        return bool(self.raw)

    def __getitem__(self, number: int) -> Field:
        if self._fields is None:
            self._fields = self.raw.split(self.delimiters.field)
            if self.name == "MSH":  # MSH-1 is the separator itself (HL7 v2.5.1 §2.15.9.1)
                self._fields.insert(1, self.delimiters.field)
        raw = self._fields[number] if number < len(self._fields) else ""
        return Field(raw, self.delimiters, self._encoding)


class Message:
    """A message whose segments are found by name: `message["PID"][3]`."""

    __slots__ = ("_lines", "delimiters", "encoding")

    def __init__(self, text: str, delimiters: Delimiters, encoding: str) -> None:
        self.delimiters = delimiters
        self.encoding = encoding
        self._lines = _segment_lines(text, delimiters.field)

    def __getitem__(self, name: str) -> Segment:
        """The first segment of this name, or an empty one."""
        for line in self._lines:
            if line.startswith(name):
                return Segment(line, self.delimiters, self.encoding)
        return Segment("", self.delimiters, self.encoding)

    @property
    def segments(self) -> list[Segment]:
        return [Segment(line, self.delimiters, self.encoding) for line in self._lines]

    def named(self, name: str) -> list[Segment]:
        """Every segment of this name, in order."""
        return [segment for segment in self.segments if segment.name == name]

    def encoded(self) -> bytes:
        """The message as it is sent. Raises UnicodeEncodeError for a sign its character set lacks."""
        return "".join(f"{line}\r" for line in self._lines).encode(self.encoding)


def read_header(data: bytes) -> Segment:
    """The MSH alone, for finding out who sent this before the rest is decoded.

    Raises  InvalidInput NO_HEADER, or ENCODING_CHARACTERS where MSH-1 and MSH-2 separate nothing.
    """
    line = re.split(rb"[\r\n]", _trimmed(data), maxsplit=1)[0]
    text = line.decode("latin-1")
    header = Segment(text, _delimiters(text), "latin-1")
    _refuse_nul(line)
    try:
        encoding = encoding_of(header)
        return Segment(line.decode(encoding), header.delimiters, encoding)
    except (InvalidInput, UnicodeDecodeError):
        return header  # enough to answer with; `parse` says what is wrong


def parse(data: bytes, *, character_set: str = "") -> Message:
    """The message in these bytes; `character_set` (Table 0211) holds where MSH-18 is empty.

    Segments end in CR; LF and CR LF are understood. A line that does not begin like a segment continues
    the one before it: report texts and base64 arrive with bare line breaks.

    Raises  InvalidInput: NO_HEADER, ENCODING_CHARACTERS, DATA_TYPE for bytes that are no text in the
            character set, VALUE_UNKNOWN for a character set we do not know.
    """
    header = read_header(data)
    _refuse_nul(data)
    encoding = encoding_of(header, character_set=character_set)
    try:
        text = _trimmed(data).decode(encoding)
    except UnicodeDecodeError:
        raise InvalidInput(
            "The message is not written in the character set that MSH-18 names.",
            code="DATA_TYPE",
            fields={"MSH-18": "Does not match the bytes of the message."},
        ) from None
    return Message(text, header.delimiters, encoding)


def encoding_of(header: Segment, *, character_set: str = "") -> str:
    """The Python codec for MSH-18. Several sets in one message (ISO 2022 switching) are refused by name."""
    field = header[18]
    names = [part.value.upper() for part in field.repetitions] or [character_set.upper()]
    encoding = CHARACTER_SETS.get(names[0])
    if encoding is None or len(set(names)) > 1:
        raise InvalidInput(
            "This character set is not supported.",
            code="VALUE_UNKNOWN",
            fields={"MSH-18": "Not one of the supported character sets."},
        )
    return encoding


def _refuse_nul(data: bytes) -> None:
    if b"\x00" in data:
        raise InvalidInput(
            "The message holds a NUL character, which is no text.", code="DATA_TYPE", fields={"MSH": "NUL."}
        )


def _trimmed(data: bytes) -> bytes:
    return data.removeprefix(BYTE_ORDER_MARK).lstrip(b"\r\n\t ")


def _delimiters(line: str) -> Delimiters:
    if not line.startswith("MSH") or len(line) < 9:
        raise InvalidInput(
            "The message does not begin with an MSH segment.", code="NO_HEADER", fields={"MSH": "Missing."}
        )
    field = line[3]
    encoding = line[4:].split(field, 1)[0]
    signs = field + encoding[:4]
    if not encoding or len(set(signs)) != len(signs) or any(s.isalnum() or s.isspace() for s in signs):
        raise InvalidInput(
            "The encoding characters of the message cannot be used.",
            code="ENCODING_CHARACTERS",
            fields={"MSH-2": "Must be different signs."},
        )
    component, repetition, escape, subcomponent = (*encoding[:4], "", "", "", "")[:4]
    return Delimiters(field, component, repetition, escape, subcomponent)


def _segment_lines(text: str, field: str) -> list[str]:
    lines: list[str] = []
    for line in text.split("\r" if "\r" in text else "\n"):
        line = line.strip("\n")  # noqa: PLW2901 - CR LF leaves an LF at the start of the next line
        if line[3:4] in {field, ""} and line[:3].isalnum() and line[:1].isupper() and len(line) >= 3:
            lines.append(line)
        elif lines and line:
            lines[-1] += f"\n{line}"
    return lines


def _part(text: str, sign: str, number: int) -> str:
    if not sign or sign not in text:
        return text if number == 1 else ""
    parts = text.split(sign, number)
    return parts[number - 1] if number <= len(parts) else ""

"""Bytes to an element tree, without anything that XML can be made to do to a reader.

A document type declaration is refused before its entities are: the bombs and the files of the server live
there. Size, nesting and the number of elements are bounded.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from django.utils.translation import gettext as _

from common.errors import InvalidInput

LARGEST_FILE = 2 << 20
MOST_ELEMENTS = 60_000
DEEPEST_NESTING = 60


def read_tree(xml: bytes) -> Element:
    """The root element.

    Raises  InvalidInput if the file is too large or too deep, is not XML, or declares a document type.
    """
    if len(xml) > LARGEST_FILE:
        raise InvalidInput(
            _("The file is larger than %(size)s MiB.") % {"size": LARGEST_FILE >> 20}, code="DMN_TOO_LARGE"
        )
    reader = _Reader()
    try:
        return reader.read(xml)
    except expat.ExpatError as error:
        place = {"line": error.lineno, "character": error.offset + 1}
        raise InvalidInput(
            _("The file is not well-formed XML at line %(line)s, character %(character)s.") % place,
            code="DMN_NOT_XML",
        ) from error


class _Reader:
    """Expat with a tree at its other end."""

    def __init__(self) -> None:
        self.builder = TreeBuilder()
        self.depth = self.count = 0
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.StartDoctypeDeclHandler = self.refuse_doctype
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.builder.data
        self.parser.buffer_text = True

    def read(self, xml: bytes) -> Element:
        self.parser.Parse(xml, True)
        return self.builder.close()

    def refuse_doctype(self, *_declaration: object) -> None:
        raise InvalidInput(
            _("The file declares a document type, which DMN does not have."), code="DMN_DOCTYPE"
        )

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.count += 1
        if self.depth > DEEPEST_NESTING or self.count > MOST_ELEMENTS:
            raise InvalidInput(
                _("The file has too many elements, or too many within each other."), code="DMN_TOO_LARGE"
            )
        self.builder.start(_qualified(tag), {_qualified(name): value for name, value in attributes.items()})

    def end(self, tag: str) -> None:
        self.depth -= 1
        self.builder.end(_qualified(tag))


def _qualified(name: str) -> str:
    return "{" + name if "}" in name else name

"""Small readings of DMN's elements, whichever version's namespace they are in."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

MODEL_NAMESPACES = frozenset(
    {
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    }
)


def local_name(element: Element) -> str:
    """The tag without its namespace, "" for an element that is not DMN's."""
    namespace, _, name = element.tag.rpartition("}")
    return name if namespace.lstrip("{") in MODEL_NAMESPACES else ""


def children(element: Element, name: str) -> Iterator[Element]:
    return (one for one in element if local_name(one) == name)


def child(element: Element, name: str) -> Element | None:
    return next(children(element, name), None)


def text_of_child(element: Element, name: str) -> str:
    found = child(element, name)
    return (found.text or "").strip() if found is not None else ""


def expression_text(element: Element | None) -> str:
    """The `text` of a literal expression or of unary tests."""
    return text_of_child(element, "text") if element is not None else ""


def href(element: Element) -> str:
    """The id an element refers to within the same file."""
    return element.get("href", "").rpartition("#")[2]

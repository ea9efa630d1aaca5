"""Formal expressions: their text, and whether it is in the language of scripts.

An expression in Python has a mark before its text from here on, so that whoever evaluates it knows. The mark is no
beginning of an expression in the language of diagrams.

Reference  BPMN 2.0.2 §8.4.8 (FormalExpression, language)
"""

from __future__ import annotations

from lxml import etree

from workflows.diagram.names import BPMN, word_of

PYTHON = ("python", "text/x-python", "application/x-python")
IN_PYTHON = "python:"

# Extensions of ours that hold expressions, and in which attributes. One `language` is said for all of an element.
IN_ATTRIBUTES = {
    "argument": {"value"},
    "assignment": {"site", "person"},
    "form": {"due", "person", "candidates"},
    "message": {"correlate"},
    "start": {"when", "key", "site"},
}


def formal_text(node: etree._Element | None) -> str:
    """The text of an expression, marked where it is Python; "" where there is none."""
    if node is None:
        return ""
    return _marked(node, (node.text or "").strip())


def formal_text_of(node: etree._Element, word: str) -> str:
    """The same of a child element."""
    return formal_text(node.find(f"{{{BPMN}}}{word}"))


def attributes_of(node: etree._Element) -> dict[str, str]:
    """What an extension of ours says, its expressions marked where it says that they are Python."""
    expressions = IN_ATTRIBUTES.get(word_of(node), ())
    return {
        str(name): _marked(node, str(text)) if name in expressions else str(text)
        for name, text in node.attrib.items()
    }


def is_python(node: etree._Element) -> bool:
    """Whether an expression says itself that it is Python; what a whole file says is refused elsewhere."""
    return str(node.get("language", "")).strip().lower() in PYTHON


def _marked(node: etree._Element, text: str) -> str:
    return f"{IN_PYTHON}{text}" if text and is_python(node) else text

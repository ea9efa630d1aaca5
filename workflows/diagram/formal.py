"""Formal expressions: their text, and whether it is in the language of scripts.

An expression in Python has a mark before its text from here on, so that whoever evaluates it knows. The mark is no
beginning of an expression in the language of diagrams.

Reference  BPMN 2.0.2 §8.4.8 (FormalExpression, language)
"""

from __future__ import annotations

from lxml import etree

from workflows.diagram.names import BPMN

PYTHON = ("python", "text/x-python", "application/x-python")
IN_PYTHON = "python:"


def formal_text(node: etree._Element | None) -> str:
    """The text of an expression, marked where it is Python; "" where there is none."""
    if node is None:
        return ""
    text = (node.text or "").strip()
    return f"{IN_PYTHON}{text}" if text and is_python(node) else text


def formal_text_of(node: etree._Element, word: str) -> str:
    """The same of a child element."""
    return formal_text(node.find(f"{{{BPMN}}}{word}"))


def is_python(node: etree._Element) -> bool:
    """Whether an expression says itself that it is Python; what a whole file says is refused elsewhere."""
    return str(node.get("language", "")).strip().lower() in PYTHON

"""How a message is told from others of its name, where a file says it in BPMN's own words.

A correlation key names properties; a property says by an expression where a message has its value, and a process's
correlation subscription where its data have the value that is waited for.

Reference  BPMN 2.0.2 §8.4.2 (Correlation)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from workflows.diagram.formal import formal_text_of
from workflows.diagram.names import BPMN, local


@dataclass(frozen=True, slots=True)
class Correlation:
    """Expressions over a message's payload, and those over the data of a case that give the same values.

    `in_data` is empty where the process has no subscription: it may send such a message, and wait for none.
    """

    in_message: tuple[str, ...]
    in_data: tuple[str, ...]


def read_correlations(tree: etree._Element, process: etree._Element) -> dict[str, Correlation]:
    """What is written for the messages of a process, by the message's id."""
    properties = {each.get("id", ""): _retrievals(each) for each in _all(tree, "correlationProperty")}
    subscribed = {
        local(each.get("correlationKeyRef")): _bindings(each)
        for each in _all(process, "correlationSubscription")
    }
    found: dict[str, Correlation] = {}
    for key in _all(tree, "correlationKey"):
        names = [local(ref.text) for ref in key.findall(f"{{{BPMN}}}correlationPropertyRef")]
        paths = [properties.get(name, {}) for name in names]
        bound = subscribed.get(key.get("id", ""), {})
        for message in set.intersection(*map(set, paths)) if paths else set():
            found.setdefault(
                message,
                Correlation(
                    in_message=tuple(path[message] for path in paths),
                    in_data=tuple(bound[name] for name in names) if set(names) <= set(bound) else (),
                ),
            )
    return found


def _retrievals(node: etree._Element) -> dict[str, str]:
    """Where each message has the property."""
    return {
        local(each.get("messageRef")): formal_text_of(each, "messagePath")
        for each in node.findall(f"{{{BPMN}}}correlationPropertyRetrievalExpression")
    }


def _bindings(node: etree._Element) -> dict[str, str]:
    return {
        local(each.get("correlationPropertyRef")): formal_text_of(each, "dataPath")
        for each in node.findall(f"{{{BPMN}}}correlationPropertyBinding")
    }


def _all(node: etree._Element, word: str) -> Iterator[etree._Element]:
    yield from node.iter(f"{{{BPMN}}}{word}")

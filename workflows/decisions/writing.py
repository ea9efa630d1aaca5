"""A decision table back into its DMN file: everything else in the file stays as it is, save how it is drawn.

Reference  DMN 1.5 §8.3, §12
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import uuid4
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from django.utils.translation import gettext as _

from common.errors import InvalidInput
from workflows.decisions.elements import MODEL_NAMESPACES, child, children
from workflows.decisions.hits import AGGREGATIONS, HitPolicy
from workflows.decisions.markup import read_tree
from workflows.decisions.tables import DecisionTable, Input, Output, Rule

AGGREGATION_OF = {policy: name for name, policy in AGGREGATIONS.items()}
NOT_IN_XML = {code: None for code in range(32) if code not in {9, 10, 13}}

for number, namespace in enumerate(sorted(MODEL_NAMESPACES)):
    register_namespace(f"dmn{number}", namespace)
register_namespace("dmndi", "https://www.omg.org/spec/DMN/20191111/DMNDI/")
register_namespace("dc", "http://www.omg.org/spec/DMN/20180521/DC/")
register_namespace("di", "http://www.omg.org/spec/DMN/20180521/DI/")


def write_table(table: DecisionTable, *, into: bytes, decision: str) -> bytes:
    """The file with this table as the table of a decision.

    Raises  InvalidInput if the file has no such decision, or the decision is no table.
    """
    root = read_tree(into)
    holder = next((one for one in children(root, "decision") if one.get("name") == decision), None)
    old = child(holder, "decisionTable") if holder is not None else None
    if holder is None or old is None:
        raise InvalidInput(
            _("The file has no table named “%(decision)s”.") % {"decision": decision}, code="DECISION_UNKNOWN"
        )
    holder[list(holder).index(old)] = _Writer(old).table(table)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


class _Writer:
    """Makes elements in the namespace of the table that is replaced."""

    def __init__(self, old: Element) -> None:
        self.old = old
        self.prefix = old.tag.rpartition("}")[0] + "}"

    def table(self, table: DecisionTable) -> Element:
        element = Element(
            self.prefix + "decisionTable", _policy(table.hit_policy) | {"id": table.id or _new_id()}
        )
        for one in table.inputs:
            self._input(element, one)
        for one_output in table.outputs:
            self._output(element, one_output)
        for name in table.annotations:
            SubElement(element, self.prefix + "annotation", {"name": _clean(name)})
        for rule in table.rules:
            self._rule(element, rule, len(table.annotations))
        return element

    def _input(self, element: Element, one: Input) -> None:
        column = SubElement(
            element, self.prefix + "input", {"id": one.id or _new_id(), "label": _clean(one.label)}
        )
        asked = self._texts(column, "inputExpression", [one.expression])[0]
        if one.type_ref:
            asked.set("typeRef", one.type_ref)
        if one.values:
            self._texts(column, "inputValues", [one.values])

    def _output(self, element: Element, one: Output) -> None:
        facts = {"id": one.id or _new_id(), "name": one.name, "label": one.label, "typeRef": one.type_ref}
        column = SubElement(
            element, self.prefix + "output", {key: _clean(value) for key, value in facts.items() if value}
        )
        if one.values:
            self._texts(column, "outputValues", [one.values])
        if one.default:
            self._texts(column, "defaultOutputEntry", [one.default])

    def _rule(self, element: Element, rule: Rule, annotations: int) -> None:
        row = SubElement(element, self.prefix + "rule", {"id": rule.id or _new_id()})
        self._texts(row, "inputEntry", rule.inputs)
        self._texts(row, "outputEntry", rule.outputs)
        self._texts(row, "annotationEntry", list(_padded(rule.annotations, annotations)))

    def _texts(self, parent: Element, tag: str, texts: Sequence[str]) -> list[Element]:
        made = []
        for text in texts:
            holder = SubElement(parent, self.prefix + tag)
            SubElement(holder, self.prefix + "text").text = _clean(text)
            made.append(holder)
        return made


def _policy(policy: HitPolicy) -> dict[str, str]:
    if policy in AGGREGATION_OF:
        return {"hitPolicy": "COLLECT", "aggregation": AGGREGATION_OF[policy]}
    return {"hitPolicy": policy.name.replace("_", " ")}


def _padded(texts: Sequence[str], length: int) -> Iterator[str]:
    yield from texts[:length]
    yield from [""] * (length - len(texts))


def _clean(text: str) -> str:
    return text.translate(NOT_IN_XML)


def _new_id() -> str:
    return f"_{uuid4()}"

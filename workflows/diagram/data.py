"""Data objects, and what activities read from them and write to them.

A data object is a variable of the process or sub-process it stands in. Its name is that of the object, or
of its references: editors draw references, and write the name there.

Reference  BPMN 2.0.2 §10.4.1
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from workflows.diagram.formal import formal_text_of
from workflows.diagram.names import BPMN, text_of, variable_of


@dataclass(frozen=True, slots=True)
class DataObject:
    """`scope` is the id of the process or sub-process whose variable it is."""

    id: str
    variable: str
    scope: str


@dataclass(frozen=True, slots=True)
class DataLink:
    """A data association: from or to a data object, under a name the activity knows it by.

    `object_id` is "" where the association leads to no data object, `store` the name of the data store that it
    leads to instead; `expression` is its transformation. `is_clear` says that it has one source, or an expression
    that makes one value of several.
    """

    object_id: str
    variable: str
    expression: str
    has_assignment: bool
    store: str = ""
    is_clear: bool = True

    @property
    def is_only_drawn(self) -> bool:
        """Whether it joins an activity to a data store and says nothing of which data, or under which name."""
        return bool(self.store) and not (self.variable or self.expression or self.has_assignment)


class DataObjects:
    """The data objects of a process, found by their own id or that of a reference."""

    def __init__(self, process: etree._Element) -> None:
        labels: dict[str, str] = {}
        self._referred: dict[str, str] = {}
        for reference in process.iter(f"{{{BPMN}}}dataObjectReference"):
            target = reference.get("dataObjectRef", "")
            self._referred[reference.get("id", "")] = target
            if reference.get("name"):
                labels.setdefault(target, reference.get("name", ""))
        self.all = {
            node.get("id", ""): DataObject(
                id=node.get("id", ""),
                variable=variable_of(node.get("name") or labels.get(node.get("id", ""), node.get("id", ""))),
                scope=_scope(node),
            )
            for node in process.iter(f"{{{BPMN}}}dataObject")
        }
        self._stores = {
            node.get("id", ""): node.get("name") or node.get("id", "")
            for node in process.iter(f"{{{BPMN}}}dataStoreReference")
        }
        self.dangling = tuple(key for key, target in self._referred.items() if target not in self.all)

    def find(self, reference: str) -> DataObject | None:
        return self.all.get(self._referred.get(reference, reference))

    def inputs_of(self, node: etree._Element) -> Iterator[DataLink]:
        """What an activity reads when it begins."""
        names = _parameters(node, "dataInput")
        for link in node.findall(f"{{{BPMN}}}dataInputAssociation"):
            yield self._link(link, text_of(link, "sourceRef"), names.get(text_of(link, "targetRef"), ""))

    def outputs_of(self, node: etree._Element) -> Iterator[DataLink]:
        """What an activity writes when it is done."""
        names = _parameters(node, "dataOutput")
        for link in node.findall(f"{{{BPMN}}}dataOutputAssociation"):
            yield self._link(link, text_of(link, "targetRef"), names.get(text_of(link, "sourceRef"), ""))

    def collection_of(self, node: etree._Element, reference: str) -> str:
        """The variable a `loopDataInputRef` or `loopDataOutputRef` means: a data object, a parameter of the
        activity, or the text itself."""
        found = self.find(reference)
        if found is not None:
            return found.variable
        names = _parameters(node, "dataInput") | _parameters(node, "dataOutput")
        return names.get(reference, reference)

    def _link(self, link: etree._Element, reference: str, name: str) -> DataLink:
        found = self.find(reference)
        expression = formal_text_of(link, "transformation")
        return DataLink(
            object_id=found.id if found is not None else "",
            variable=name or (found.variable if found is not None else ""),
            expression=expression,
            has_assignment=link.find(f"{{{BPMN}}}assignment") is not None,
            store=self._stores.get(reference, ""),
            is_clear=bool(expression) or len(link.findall(f"{{{BPMN}}}sourceRef")) <= 1,
        )


def _scope(node: etree._Element) -> str:
    parent = node.getparent()
    return parent.get("id", "") if parent is not None else ""


def parameters_of(process: etree._Element, word: str) -> tuple[str, ...]:
    """The names of a process's own data inputs or outputs."""
    return tuple(_parameters(process, word).values())


def _parameters(node: etree._Element, word: str) -> dict[str, str]:
    """Names of the inputs or outputs an activity specifies, and of its properties, by id.

    Editors that know no inputs make up a property for an association to end at; its name says nothing.
    """
    specified = node.findall(f"{{{BPMN}}}ioSpecification/{{{BPMN}}}{word}")
    properties = node.findall(f"{{{BPMN}}}property")
    return {
        each.get("id", ""): variable_of(each.get("name", ""))
        for each in (*specified, *properties)
        if each.get("name") and not each.get("name", "").startswith("__")
    }

"""DMN files to decision models.

Reference  DMN 1.5 §6.3 (metamodel), §12 (interchange)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _

from common.errors import InvalidInput
from workflows.decisions.boxed import BoxReader
from workflows.decisions.compiling import Compiler, Place
from workflows.decisions.elements import child, children, expression_text, href, local_name
from workflows.decisions.feel.frames import Code
from workflows.decisions.feel.names import Names
from workflows.decisions.item_types import ItemType, Types, read_item_type
from workflows.decisions.model import Decision, DecisionModel, InputData, KnowledgeModel, Requirements
from workflows.decisions.problems import Problem

REQUIRED = {"requiredInput": "inputs", "requiredDecision": "decisions", "requiredKnowledge": "knowledge"}


class ModelReader:
    """Reads one `definitions` element; `problems` are all that was found wrong."""

    def __init__(self, root: Element, facts: frozenset[str] | None) -> None:
        if local_name(root) != "definitions":
            raise InvalidInput(_("The file is XML but not DMN: it has no definitions."), code="DMN_NOT_DMN")
        self.root = root
        self.facts = facts
        self.elements = {
            kind: {one.get("id", ""): one for one in children(root, kind)}
            for kind in ("inputData", "decision", "businessKnowledgeModel")
        }
        untested = Types({one.name: one for one in self._item_types(None)})
        self.compiler = Compiler(members=untested.members() | self._entry_names(), facts=facts)
        self.types = Types({one.name: one for one in self._item_types(self.compiler)})
        self.several = sum(local_name(one) == "decisionTable" for one in root.iter()) > 1

    @property
    def problems(self) -> list[Problem]:
        return self.compiler.problems

    def read(self) -> DecisionModel:
        inputs = {
            key: InputData(key, one.get("name", ""), _type_ref(one))
            for key, one in self.elements["inputData"].items()
        }
        if not self.elements["decision"]:
            self.compiler.problem(Place("the file"), _("There is no decision in it."))
        requires = {
            key: self._requirements(one)
            for kind in ("decision", "businessKnowledgeModel")
            for key, one in self.elements[kind].items()
        }
        self._refuse_circles(requires)
        return DecisionModel(
            id=self.root.get("id", ""),
            name=self.root.get("name", ""),
            inputs=inputs,
            decisions={
                key: self._decision(key, one, requires[key]) for key, one in self.elements["decision"].items()
            },
            knowledge={
                key: self._knowledge(key, one, requires[key])
                for key, one in self.elements["businessKnowledgeModel"].items()
            },
            types=self.types,
            facts=self.facts or frozenset(),
        )

    def _item_types(self, compiler: Compiler | None) -> Iterator[ItemType]:
        """The item definitions, their allowed values compiled once there is something to compile with."""

        def allowed(element: Element, part: str) -> Code | None:
            if compiler is None:
                return None
            place = Place(f"allowed values of {element.get('name', '')}", element.get("id", ""))
            return compiler.tests(expression_text(child(element, part)), compiler.known, place)

        return (read_item_type(one, allowed) for one in children(self.root, "itemDefinition"))

    def _entry_names(self) -> set[str]:
        """Names of context entries and relation columns: they too may follow a dot."""
        parts = (one for one in self.root.iter() if local_name(one) in {"variable", "column", "output"})
        return {one.get("name", "") for one in parts} - {""}

    def _requirements(self, element: Element) -> Requirements:
        found: dict[str, list[str]] = {"inputs": [], "decisions": [], "knowledge": []}
        for requirement in element:
            for one in requirement:
                kind = REQUIRED.get(local_name(one))
                if kind is None:
                    continue
                if self._known(kind, href(one)):
                    found[kind].append(href(one))
                else:
                    place = Place(element.get("name", ""), element.get("id", ""))
                    self.compiler.problem(place, _("It requires something that is not in this file."))
        return Requirements(**{kind: tuple(ids) for kind, ids in found.items()})

    def _known(self, kind: str, element_id: str) -> bool:
        of_kind = {"inputs": "inputData", "decisions": "decision", "knowledge": "businessKnowledgeModel"}
        return element_id in self.elements[of_kind[kind]]

    def _refuse_circles(self, requires: Mapping[str, Requirements]) -> None:
        """A decision that requires itself, by whatever way, cannot be made.

        Raises  InvalidInput at once: nothing can be read in an order then.
        """
        done: set[str] = set()
        for start in requires:
            waiting, path = [(start, False)], set[str]()
            while waiting:
                key, leaving = waiting.pop()
                if leaving:
                    path.discard(key)
                    done.add(key)
                elif key in path:
                    raise InvalidInput(
                        _("The decisions require each other in a circle."), code="DECISION_CIRCLE"
                    )
                elif key not in done:
                    path.add(key)
                    waiting.append((key, True))
                    waiting.extend(
                        (one, False) for one in (*requires[key].decisions, *requires[key].knowledge)
                    )

    def _decision(self, key: str, element: Element, requires: Requirements) -> Decision:
        name = element.get("name", "")
        reader = BoxReader(self.compiler, self.types, self._place(element))
        code = reader.within(element, self._scope(requires))
        is_table = child(element, "decisionTable") is not None
        table = reader.tables[0] if is_table and reader.tables else None
        return Decision(key, name, _type_ref(element), requires, code, table)

    def _knowledge(self, key: str, element: Element, requires: Requirements) -> KnowledgeModel:
        name = element.get("name", "")
        logic = child(element, "encapsulatedLogic")
        reader = BoxReader(self.compiler, self.types, self._place(element))
        if logic is None:
            self.compiler.problem(self._place(element), _("There is no logic in it."))
            return KnowledgeModel(key, name, requires, lambda _frame: None)
        return KnowledgeModel(key, name, requires, reader.function(logic, self._scope(requires)))

    def _place(self, element: Element) -> Place:
        name = element.get("name", "")
        is_sole_table = not self.several and child(element, "decisionTable") is not None
        return Place("" if is_sole_table else name, element.get("id", ""), table=name)

    def _scope(self, requires: Requirements) -> Names:
        ids = {"inputData": requires.inputs, "decision": requires.decisions}
        names = [self.elements[kind][key].get("name", "") for kind, keys in ids.items() for key in keys]
        functions = [
            self.elements["businessKnowledgeModel"][key].get("name", "") for key in requires.knowledge
        ]
        return self.compiler.names([*names, *functions])


def _type_ref(element: Element) -> str:
    variable = child(element, "variable")
    return variable.get("typeRef", "") if variable is not None else ""

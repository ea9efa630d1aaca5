"""Boxed expressions to closures: literal expressions, tables, contexts, invocations, functions, relations, lists.

Reference  DMN 1.5 §7.3, §10.2
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _

from workflows.decisions.compiling import Compiler, Place
from workflows.decisions.elements import child, children, expression_text, local_name
from workflows.decisions.feel import access, iteration
from workflows.decisions.feel.frames import Code, Frame
from workflows.decisions.feel.names import Names
from workflows.decisions.feel.values import Value
from workflows.decisions.item_types import Types
from workflows.decisions.table_reading import TableReader
from workflows.decisions.tables import DecisionTable

DEEPEST_BOX = 20


class BoxReader:
    """Reads the boxes of one decision or business knowledge model; `tables` are those met on the way."""

    def __init__(self, compiler: Compiler, types: Types, place: Place) -> None:
        self.compiler = compiler
        self.types = types
        self.place = place
        self.tables: list[DecisionTable] = []
        self._depth = 0

    def within(self, element: Element, names: Names) -> Code:
        """The closure of the box an element holds, of null where it holds none."""
        box = next((one for one in element if local_name(one) in BOXES), None)
        if box is None:
            self.compiler.problem(self.place, _("There is no expression."))
            return _null
        return self.read(box, names)

    def read(self, box: Element, names: Names) -> Code:
        self._depth += 1
        if self._depth > DEEPEST_BOX:
            self.compiler.problem(
                self.place,
                _("Boxes stand at most %(most)s deep within each other.") % {"most": DEEPEST_BOX},
            )
            return _null
        code = BOXES[local_name(box)](self, box, names)
        self._depth -= 1
        return code

    def read_literal(self, box: Element, names: Names) -> Code:
        return self.compiler.expression(expression_text(box), names, self.place)

    def read_table(self, box: Element, names: Names) -> Code:
        table = TableReader(self.compiler, self.types, names, self.place).read(box, self.place.table)
        self.tables.append(table)

        def evaluate(frame: Frame) -> Value:
            value, matched = table.evaluate(frame)
            frame.run.trace.append((table, matched))
            return value

        return evaluate

    def read_context(self, box: Element, names: Names) -> Code:
        """Entries that see the ones before them; an entry without a name is the context's result."""
        entries: list[tuple[str, Code]] = []
        for entry in children(box, "contextEntry"):
            variable = child(entry, "variable")
            name = variable.get("name", "") if variable is not None else ""
            code = self.within(entry, names)
            if not name:
                return _with_result(tuple(entries), code)
            entries.append((name, code))
            names = names.within([name])
        return access.context_literal(tuple(entries))

    def read_invocation(self, box: Element, names: Names) -> Code:
        function = self.within(box, names)
        parameters: list[str] = []
        arguments: list[Code] = []
        for binding in children(box, "binding"):
            parameter = child(binding, "parameter")
            parameters.append(parameter.get("name", "") if parameter is not None else "")
            arguments.append(self.within(binding, names))
        return access.call(function, tuple(arguments), tuple(parameters))

    def function(self, box: Element, names: Names) -> Code:
        """A function definition; what it returns is its own box, in a scope with its parameters."""
        if box.get("kind", "FEEL") != "FEEL":
            self.compiler.problem(self.place, _("Functions written outside FEEL are not run here."))
            return _null
        parameters = tuple(one.get("name", "") for one in children(box, "formalParameter"))
        return access.function_literal(parameters, self.within(box, names.within(parameters)))

    def read_relation(self, box: Element, names: Names) -> Code:
        columns = [one.get("name", "") for one in children(box, "column")]
        rows = [
            access.context_literal(
                tuple(zip(columns, (self.read(cell, names) for cell in row if _is_box(cell)), strict=False))
            )
            for row in children(box, "row")
        ]
        return access.list_literal(tuple(rows))

    def read_list(self, box: Element, names: Names) -> Code:
        return access.list_literal(tuple(self.read(item, names) for item in box if _is_box(item)))

    def read_conditional(self, box: Element, names: Names) -> Code:
        condition, then, otherwise = (self._part(box, part, names) for part in ("if", "then", "else"))
        return lambda frame: then(frame) if condition(frame) is True else otherwise(frame)

    def read_filter(self, box: Element, names: Names) -> Code:
        inner = names.within(["item", *self.types.members()])
        return access.filtered(self._part(box, "in", names), self._part(box, "match", inner))

    def read_for(self, box: Element, names: Names) -> Code:
        source, inner = self._source(box, names)
        return iteration.for_loop((source,), self._part(box, "return", inner.within(["partial"])))

    def read_quantified(self, box: Element, names: Names) -> Code:
        source, inner = self._source(box, names)
        condition = self._part(box, "satisfies", inner)
        return iteration.quantified((source,), condition, is_universal=local_name(box) == "every")

    def _source(self, box: Element, names: Names) -> tuple[iteration.Source, Names]:
        name = box.get("iteratorVariable", "")
        return iteration.Source(name, self._part(box, "in", names), None), names.within([name])

    def _part(self, box: Element, part: str, names: Names) -> Code:
        element = child(box, part)
        if element is None:
            self.compiler.problem(self.place, _("The part “%(part)s” is missing.") % {"part": part})
            return _null
        return self.within(element, names)


def _with_result(entries: tuple[tuple[str, Code], ...], result: Code) -> Code:
    def evaluate(frame: Frame) -> Value:
        values: dict[str, Value] = {}
        inner = frame.within(values)
        for name, code in entries:
            values[name] = code(inner)
        return result(inner)

    return evaluate


def _null(_frame: Frame) -> None:
    return None


def _is_box(element: Element) -> bool:
    return local_name(element) in BOXES


BOXES: Mapping[str, Callable[[BoxReader, Element, Names], Code]] = {
    "literalExpression": BoxReader.read_literal,
    "decisionTable": BoxReader.read_table,
    "context": BoxReader.read_context,
    "invocation": BoxReader.read_invocation,
    "functionDefinition": BoxReader.function,
    "relation": BoxReader.read_relation,
    "list": BoxReader.read_list,
    "conditional": BoxReader.read_conditional,
    "filter": BoxReader.read_filter,
    "for": BoxReader.read_for,
    "some": BoxReader.read_quantified,
    "every": BoxReader.read_quantified,
}

"""Closures that reach into values: paths, filters, invocations and the literals of lists, contexts, ranges.

Reference  DMN 1.5 §10.3.2.5 (filters), §10.3.2.14 to §10.3.2.16
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, DecimalException

from django.utils.translation import gettext as _

from workflows.decisions.feel.errors import FeelError
from workflows.decisions.feel.frames import Code, Frame
from workflows.decisions.feel.temporal import property_of
from workflows.decisions.feel.values import Function, Range, Value, compare, kind_of
from workflows.decisions.limits import Run


def path(source: Code, name: str) -> Code:
    return lambda frame: member(frame.run, source(frame), name)


def member(run: Run, value: Value, name: str) -> Value:
    """What a dot and a name give: a context's entry, each item's, or a property."""
    if value is None:
        return None
    if isinstance(value, dict):
        return (
            value[name]
            if name in value
            else run.fail(_("The context has no entry “%(name)s”.") % {"name": name})
        )
    if isinstance(value, list):
        run.admit(len(value))
        return [member(run, item, name) for item in value]
    try:
        return property_of(value, name)
    except FeelError as error:
        return run.fail(_("There is no such value: %(error)s.") % {"error": error})


def filtered(source: Code, condition: Code) -> Code:
    """A list's items for which the condition holds, or its item at a position (from 1, or -1 backwards)."""

    def evaluate(frame: Frame) -> Value:
        value = source(frame)
        items = value if isinstance(value, list) else [] if value is None else [value]
        kept = []
        for item in items:
            frame.run.spend()
            answer = condition(frame.within(_item_scope(item)))
            if isinstance(answer, Decimal):
                return _item_at(frame.run, items, answer)
            if answer is True:
                kept.append(item)
        return kept

    return evaluate


def _item_scope(item: Value) -> Mapping[str, Value]:
    return {"item": item, **item} if isinstance(item, dict) else {"item": item}


def _item_at(run: Run, items: Sequence[Value], position: Decimal) -> Value:
    index = int(position)
    if index != position or not index or abs(index) > len(items):
        return run.fail(_("The list has no item at this position."))
    return items[index - 1] if index > 0 else items[index]


def call(function: Code, arguments: tuple[Code, ...], names: tuple[str, ...]) -> Code:
    def evaluate(frame: Frame) -> Value:
        target = function(frame)
        if not isinstance(target, Function):
            return frame.run.fail(
                _("A %(kind)s cannot be invoked as a function.") % {"kind": kind_of(target)}
            )
        values = [argument(frame) for argument in arguments]
        return invoke(frame.run, target, values, names)

    return evaluate


def invoke(run: Run, function: Function, values: list[Value], names: Sequence[str] = ()) -> Value:
    """What a function returns; null, with the reason noted, where it has no result."""
    run.spend()
    run.enter()
    try:
        result = function.invoke(
            run, in_order(function, values, names) if names else _counted(function, values)
        )
    except FeelError as error:
        result = run.fail(f"{function.name}: {error}.")
    except (DecimalException, OverflowError):
        result = run.fail(_("%(name)s: the result lies outside what can be told.") % {"name": function.name})
    run.leave()
    if isinstance(result, str | list | dict):
        run.admit(len(result))
    return result


def _counted(function: Function, values: list[Value]) -> list[Value]:
    if function.variadic:
        if len(values) < function.required:
            raise FeelError(_("it takes at least %(least)s arguments") % {"least": function.required})
        return values
    if not function.required <= len(values) <= len(function.parameters):
        raise FeelError(
            _("it takes %(most)s arguments, not %(count)s")
            % {"most": len(function.parameters), "count": len(values)}
        )
    return values + [None] * (len(function.parameters) - len(values))


def in_order(function: Function, values: Sequence[Value], names: Sequence[str]) -> list[Value]:
    """Arguments given by name, in the order of the parameters."""
    given = dict(zip(names, values, strict=True))
    strangers = given.keys() - set(function.parameters)
    if strangers:
        raise FeelError(_("it has no parameter “%(name)s”") % {"name": min(strangers)})
    missing = [name for name in function.parameters[: function.required] if name not in given]
    if missing:
        raise FeelError(_("the argument “%(name)s” is missing") % {"name": missing[0]})
    if function.variadic:
        return [given[name] for name in function.parameters if name in given]
    return [given.get(name) for name in function.parameters]


def function_literal(parameters: tuple[str, ...], body: Code) -> Code:
    def evaluate(frame: Frame) -> Function:
        return Function(
            name="function",
            parameters=parameters,
            required=len(parameters),
            invoke=lambda _run, values: body(frame.within(dict(zip(parameters, values, strict=True)))),
        )

    return evaluate


def list_literal(items: tuple[Code, ...]) -> Code:
    return lambda frame: [item(frame) for item in items]


def context_literal(entries: tuple[tuple[str, Code], ...]) -> Code:
    """A context whose later entries see its earlier ones."""

    def evaluate(frame: Frame) -> Value:
        values: dict[str, Value] = {}
        inner = frame.within(values)
        for name, code in entries:
            values[name] = code(inner)
        return values

    return evaluate


def range_literal(start: Code | None, end: Code | None, *, start_included: bool, end_included: bool) -> Code:
    def evaluate(frame: Frame) -> Value:
        low = start(frame) if start else None
        high = end(frame) if end else None
        if (start and low is None) or (end and high is None):
            return frame.run.fail(_("A range has an end that is null."))
        if low is not None and high is not None and compare(low, high) is None:
            return frame.run.fail(
                _("A range cannot go from a %(low)s to a %(high)s.")
                % {"low": kind_of(low), "high": kind_of(high)}
            )
        return Range(low, high, start_included, end_included)

    return evaluate

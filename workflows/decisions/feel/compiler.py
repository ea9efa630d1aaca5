"""Nodes to closures: each node becomes a function of a Frame, made once and run as often as asked.

Reference  DMN 1.5 §10.3.2 (semantics)
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from workflows.decisions.feel import access, iteration, nodes, operators, unary
from workflows.decisions.feel.errors import ExpressionError
from workflows.decisions.feel.frames import INPUT, Code, Frame
from workflows.decisions.feel.nodes import Node, Test
from workflows.decisions.feel.values import Value


def compile_node(node: Node) -> Code:
    """The closure of an expression.

    Raises  ExpressionError if it is nested deeper than can be compiled.
    """
    try:
        return _compiled(node)
    except RecursionError as error:
        raise ExpressionError(_("The expression is nested too deeply.")) from error


def compile_tests(tests: tuple[Test, ...]) -> Code:
    """The closure of a cell: whether the frame's `?` passes any of its tests; None where that is unknown."""
    try:
        return unary.any_test(tests, _compiled)
    except RecursionError as error:
        raise ExpressionError(_("The tests are nested too deeply.")) from error


def _compiled(node: Node) -> Code:  # noqa: PLR0911, PLR0912, C901 - one line a kind of node
    match node:
        case nodes.Literal(value):
            return lambda _frame: value
        case nodes.Name(name):
            return lambda frame: frame.get(name)
        case nodes.InputValue():
            return lambda frame: frame.get(INPUT)
        case nodes.Path(source, name):
            return access.path(_compiled(source), name)
        case nodes.Filter(source, condition):
            return access.filtered(_compiled(source), _compiled(condition))
        case nodes.Call(function, arguments, names):
            return access.call(_compiled(function), _all(arguments), names)
        case nodes.Negation(operand):
            return operators.negation(_compiled(operand))
        case nodes.Binary(operator, left, right):
            return operators.binary(operator, _compiled(left), _compiled(right))
        case nodes.Between(value, low, high):
            return operators.between(_compiled(value), _compiled(low), _compiled(high))
        case nodes.In(value, tests):
            return unary.in_tests(_compiled(value), tests, _compiled)
        case nodes.InstanceOf(value, type_name):
            return operators.instance_of(_compiled(value), type_name)
        case nodes.If(condition, then, otherwise):
            return _conditional(_compiled(condition), _compiled(then), _compiled(otherwise))
        case nodes.For(iterators, result):
            return iteration.for_loop(_sources(iterators), _compiled(result))
        case nodes.Quantified(is_universal, iterators, condition):
            return iteration.quantified(_sources(iterators), _compiled(condition), is_universal=is_universal)
        case nodes.FunctionLiteral(parameters, body):
            return access.function_literal(parameters, _compiled(body))
        case nodes.ListLiteral(items):
            return access.list_literal(_all(items))
        case nodes.ContextLiteral(entries):
            return access.context_literal(tuple((name, _compiled(entry)) for name, entry in entries))
    return access.range_literal(
        _compiled(node.start) if node.start else None,
        _compiled(node.end) if node.end else None,
        start_included=node.start_included,
        end_included=node.end_included,
    )


def _all(items: tuple[Node, ...]) -> tuple[Code, ...]:
    return tuple(_compiled(item) for item in items)


def _conditional(condition: Code, then: Code, otherwise: Code) -> Code:
    def evaluate(frame: Frame) -> Value:
        return then(frame) if condition(frame) is True else otherwise(frame)

    return evaluate


def _sources(iterators: tuple[nodes.Iterator, ...]) -> tuple[iteration.Source, ...]:
    return tuple(
        iteration.Source(one.name, _compiled(one.source), _compiled(one.end) if one.end else None)
        for one in iterators
    )

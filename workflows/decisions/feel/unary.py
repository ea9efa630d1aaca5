"""Closures of unary tests: what a cell of a decision table asks of its input.

Reference  DMN 1.5 §7.3.3, §10.3.2.12 (semantics of `in`), table 55
"""

from __future__ import annotations

from collections.abc import Callable

from workflows.decisions.feel import nodes
from workflows.decisions.feel.frames import INPUT, Code, Frame
from workflows.decisions.feel.nodes import Node, Test
from workflows.decisions.feel.operators import compared, either
from workflows.decisions.feel.values import Range, Value, equal, is_in_range, pay_for_comparing

Compile = Callable[[Node], Code]


def any_test(tests: tuple[Test, ...], compile_node: Compile) -> Code:
    """Whether the frame's `?` passes any of the tests."""
    codes = [one_test(test, compile_node) for test in tests]
    if len(codes) == 1:
        return codes[0]

    def evaluate(frame: Frame) -> bool | None:
        result: bool | None = False
        for code in codes:
            result = either(result, code(frame))
            if result:
                return True
        return result

    return evaluate


def one_test(test: Test, compile_node: Compile) -> Code:
    match test:
        case nodes.AnyTest():
            return lambda _frame: True
        case nodes.NotTest(tests):
            inner = any_test(tests, compile_node)
            return lambda frame: None if (passed := inner(frame)) is None else not passed
        case nodes.CompareTest(operator, operand):
            bound = compile_node(operand)
            return compared(operator, lambda frame: frame.get(INPUT), bound)
    return _value_test(compile_node(test.operand), test)


def _value_test(code: Code, test: nodes.ValueTest) -> Code:
    states_condition = not isinstance(test.operand, nodes.Literal)

    def evaluate(frame: Frame) -> bool | None:
        frame.run.spend()
        wanted, value = code(frame), frame.get(INPUT)
        pay_for_comparing(frame.run, wanted)
        pay_for_comparing(frame.run, value, times=len(wanted) if isinstance(wanted, list) else 1)
        if isinstance(wanted, bool) and (test.asks or (states_condition and not isinstance(value, bool))):
            return wanted
        return is_accepted(value, wanted)

    return evaluate


def is_accepted(value: Value, wanted: Value) -> bool | None:
    """Whether a value is the wanted one, or in the wanted range or list."""
    if isinstance(wanted, Range) and not isinstance(value, Range):
        return is_in_range(value, wanted)
    if isinstance(wanted, list) and not isinstance(value, list):
        result: bool | None = False
        for item in wanted:
            result = either(result, is_accepted(value, item) or False)
        return result
    if isinstance(value, list) and not isinstance(wanted, list):
        return is_accepted(value[0], wanted) if len(value) == 1 else False
    if isinstance(value, list) and isinstance(wanted, list):
        return bool(equal(value, wanted)) or any(equal(value, item) for item in wanted)
    return equal(value, wanted)


def in_tests(value: Code, tests: tuple[Test, ...], compile_node: Compile) -> Code:
    passes = any_test(tests, compile_node)
    return lambda frame: passes(frame.within({INPUT: value(frame)}))

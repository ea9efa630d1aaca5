"""The typed tree of an expression.

Reference  DMN 1.5 §10.3.1.2, grammar rule by rule
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from workflows.decisions.feel.values import Value


@dataclass(frozen=True, slots=True)
class Literal:
    value: Value


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class InputValue:
    """`?`: the value that a unary test tests."""


@dataclass(frozen=True, slots=True)
class Path:
    source: Node
    name: str


@dataclass(frozen=True, slots=True)
class Filter:
    source: Node
    condition: Node


@dataclass(frozen=True, slots=True)
class Call:
    """`names` is empty for positional arguments, else as long as `arguments`."""

    function: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Negation:
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Between:
    value: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class In:
    value: Node
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class InstanceOf:
    value: Node
    type_name: str


@dataclass(frozen=True, slots=True)
class If:
    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Iterator:
    """`name in source`, or `name in source..end`."""

    name: str
    source: Node
    end: Node | None = None


@dataclass(frozen=True, slots=True)
class For:
    iterators: tuple[Iterator, ...]
    result: Node


@dataclass(frozen=True, slots=True)
class Quantified:
    """`every` when `is_universal`, else `some`."""

    is_universal: bool
    iterators: tuple[Iterator, ...]
    condition: Node


@dataclass(frozen=True, slots=True)
class FunctionLiteral:
    parameters: tuple[str, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class ListLiteral:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ContextLiteral:
    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class RangeLiteral:
    """A missing end is an open one, as in `(>= 5)`."""

    start: Node | None
    end: Node | None
    start_included: bool
    end_included: bool


@dataclass(frozen=True, slots=True)
class AnyTest:
    """`-`: every value passes."""


@dataclass(frozen=True, slots=True)
class NotTest:
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class CompareTest:
    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class ValueTest:
    """`asks` tells that the expression mentions `?`, so its own truth is the answer."""

    operand: Node
    asks: bool


Node: TypeAlias = (
    Literal
    | Name
    | InputValue
    | Path
    | Filter
    | Call
    | Negation
    | Binary
    | Between
    | In
    | InstanceOf
    | If
    | For
    | Quantified
    | FunctionLiteral
    | ListLiteral
    | ContextLiteral
    | RangeLiteral
)
Test: TypeAlias = AnyTest | NotTest | CompareTest | ValueTest

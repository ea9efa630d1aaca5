"""Decision models from their files: read once, checked throughout, kept compiled."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from hashlib import sha256
from threading import Lock

from django.utils.translation import gettext as _

from common.errors import NotFound
from workflows.decisions.feel.functions.conversion import written
from workflows.decisions.feel.values import from_python
from workflows.decisions.markup import read_tree
from workflows.decisions.model import DecisionModel
from workflows.decisions.problems import Problem, refusal
from workflows.decisions.reading import ModelReader
from workflows.decisions.tables import DecisionTable

MODELS_KEPT = 64

_models: OrderedDict[tuple[bytes, frozenset[str] | None], DecisionModel] = OrderedDict()
_lock = Lock()


def load_decisions(xml: bytes, *, facts: Iterable[str] | None = None) -> DecisionModel:
    """The decision model of a DMN file, compiled; the same file is compiled once in a process.

    With `facts`, the names a caller's context will hold (`Geometry.Spacing` for an entry of one), a name that
    is neither declared in the file nor a fact is refused. Without, it is looked up when deciding.

    Raises  InvalidInput, whose fields name each problem at its place: "row 3, column Modality".
    Reference  DMN 1.5 §10
    """
    known = None if facts is None else frozenset(facts)
    key = (sha256(xml).digest(), known)
    with _lock:
        if key in _models:
            _models.move_to_end(key)
            return _models[key]
    model, problems = _read(xml, known)
    if problems:
        raise refusal(problems)
    with _lock:
        _models[key] = model
        while len(_models) > MODELS_KEPT:
            _models.popitem(last=False)
    return model


def check_decisions(xml: bytes, *, facts: Iterable[str] | None = None) -> list[Problem]:
    """Everything that is wrong with a file whose XML is well formed, place by place; empty if it can be used.

    Raises  InvalidInput if it is not DMN at all.
    """
    return _read(xml, None if facts is None else frozenset(facts))[1]


def read_table(xml: bytes, decision: str) -> DecisionTable:
    """A decision's table as it is written, whatever is wrong with it; to look at and to change, not to run.

    Raises  InvalidInput if the file is not DMN; NotFound if it has no such table.
    """
    table = _read(xml, None)[0].decision(decision).table
    if table is None:
        raise NotFound(
            _("The decision “%(decision)s” is not a table.") % {"decision": decision},
            code="DECISION_NO_TABLE",
        )
    return table


def text_of_value(value: object) -> str:
    """A fact as a person would write it in a cell: true, 1.25, a text without its quotation marks."""
    return written(from_python(value))


def _read(xml: bytes, facts: frozenset[str] | None) -> tuple[DecisionModel, list[Problem]]:
    reader = ModelReader(read_tree(xml), facts)
    model = reader.read()
    return model, reader.problems

"""What a data set must hold to create, to change or to end a workitem.

Reference  PS3.4 Table CC.2.5-3, §CC.2.5.1.1 (Final State), §5.4.2.1 (requirement types)
"""

from __future__ import annotations

from archive.workitems.attributes import Attribute, Attributes, tag_of, workitem_attributes
from archive.workitems.datasets import Model, first, values
from common.errors import InvalidInput

_TERMS = {
    "ScheduledProcedureStepPriority": {"HIGH", "MEDIUM", "LOW"},
    "InputReadinessState": {"INCOMPLETE", "UNAVAILABLE", "READY"},
}
_EITHER = {  # of these, one must have a value (Tables CC.2.5-2a, -2d)
    "code": ("CodeValue", "LongCodeValue", "URNCodeValue"),
    "designator": ("LocalNamespaceEntityID", "UniversalEntityID"),
}
Problems = dict[str, str]


def check_creation(model: Model) -> list[str]:
    """Raises  InvalidInput where the data set breaks a rule of creating; tells type 2 attributes that are missing."""
    problems: Problems = {}
    _check(model, workitem_attributes(), problems, is_creation=True)
    if first(model, "ProcedureStepState") not in {"", "SCHEDULED"}:
        problems["ProcedureStepState"] = "is SCHEDULED when a workitem is created"
    _refuse(problems, "WORKITEM_INCOMPLETE", "The workitem does not hold what creating one asks for")
    return [
        attribute.keyword
        for tag, attribute in workitem_attributes().items()
        if attribute.create.startswith("2/") and tag not in model
    ]


def check_change(model: Model) -> None:
    """Raises  InvalidInput where the data set sets what may not be set, or takes away what must stay."""
    problems: Problems = {}
    _check(model, workitem_attributes(), problems, is_creation=False)
    _refuse(problems, "CHANGE_NOT_ALLOWED", "The workitem may not be changed in this way")


def missing_at_end(model: Model, *, is_completed: bool) -> list[str]:
    """The attributes without a value that a workitem must have to be completed, or else to be canceled."""
    codes = {"R", "P"} if is_completed else {"R", "X"}
    return _missing(model, workitem_attributes(), codes)


def _check(model: Model, attributes: Attributes, problems: Problems, *, is_creation: bool) -> None:
    for tag, attribute in attributes.items():
        rule = attribute.create if is_creation else attribute.set
        if rule == "own":
            continue
        problem = _problem(attribute, rule, model.get(tag), is_creation=is_creation)
        if problem:
            problems[attribute.keyword] = problem
        if rule == "no":
            continue
        for item in values(model, attribute.keyword) if attribute.items else ():
            _check_item(item, attribute, problems, is_creation=is_creation)


def _check_item(item: Model, attribute: Attribute, problems: Problems, *, is_creation: bool) -> None:
    _check(item, attribute.items, problems, is_creation=is_creation)
    either = _EITHER.get(attribute.macro, ())
    if either and not any(values(item, keyword) for keyword in either):
        problems[attribute.keyword] = f"has an item without {' or '.join(either)}"
    needs_scheme = values(item, "CodeValue") or values(item, "LongCodeValue")
    if attribute.macro == "code" and needs_scheme and not values(item, "CodingSchemeDesignator"):
        problems[attribute.keyword] = "has a code without its coding scheme"


def _problem(attribute: Attribute, rule: str, held: Model | None, *, is_creation: bool) -> str:
    """What is wrong with one attribute by its rule; nothing if it is as it should be."""
    has_value = held is not None and bool(held.get("Value") or held.get("InlineBinary"))
    user, _slash, server = rule.partition(" ")[0].partition("/")
    if rule == "no":
        return "" if held is None else "is not allowed"
    if rule.endswith("empty"):
        return "is empty when a workitem is created" if has_value else ""
    if user == "1" and not has_value:
        return "is missing or empty"
    if not is_creation and server == "1" and user != "-" and held is not None and not has_value:
        return "cannot be made empty"
    terms = _TERMS.get(attribute.keyword)
    if terms and held is not None and has_value and held["Value"][0] not in terms:
        return f"is one of {', '.join(sorted(terms))}"
    return ""


def _missing(model: Model, attributes: Attributes, codes: set[str]) -> list[str]:
    found = []
    for attribute in attributes.values():
        held = values(model, attribute.keyword)
        is_there = attribute.tag in model if attribute.keyword == "OutputInformationSequence" else bool(held)
        if attribute.final in codes and not is_there:
            found.append(attribute.keyword)
        for item in held if attribute.items and isinstance(held[0] if held else None, dict) else ():
            found += _missing(item, attribute.items, codes)
    return list(dict.fromkeys(found))


def _refuse(problems: Problems, code: str, message: str) -> None:
    if problems:
        told = "; ".join(f"{keyword} {problem}" for keyword, problem in sorted(problems.items()))
        raise InvalidInput(f"{message}: {told}", code=code, fields=problems)


STATE_TAG, TRANSACTION_UID_TAG = tag_of("ProcedureStepState"), tag_of("TransactionUID")

"""Matching keys as conditions on the kept data sets, for searches and for filters of subscriptions alike.

Nothing that was sent becomes SQL: tags come from the standard's table, values are parameters.

Reference  PS3.4 Table CC.2.5-3 (Match Key Type), §CC.2.3.3.1 (filters match as searches do), §C.2.2.2
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from archive.studies.queries.fuzzy import matches_words
from archive.studies.queries.matching import (
    EMPTY,
    Condition,
    all_of,
    any_of,
    between,
    date_range,
    has_wildcard,
    matches_person,
    matches_text,
    matches_uid,
)
from archive.studies.queries.requests import Key, check_size
from archive.workitems.attributes import Attribute, Attributes, tag_of, workitem_attributes
from archive.workitems.models import Workitem
from archive.workitems.moments import range_of

_DATA_SET = f'"{Workitem._meta.db_table}"."attributes"'  # noqa: SLF001 - Django's public name for it
_COLUMNS = {
    tag_of(keyword): f'"{Workitem._meta.db_table}"."{column}"'  # noqa: SLF001
    for keyword, column in (
        ("ScheduledProcedureStepStartDateTime", "starts_at"),
        ("ScheduledProcedureStepModificationDateTime", "modified_at"),
        ("ExpectedCompletionDateTime", "expected_completion_at"),
        ("ScheduledProcedureStepExpirationDateTime", "expires_at"),
        ("SOPInstanceUID", "sop_instance_uid"),
        ("ProcedureStepState", "state"),
        ("StudyInstanceUID", "study_instance_uid"),
    )
}
_REQUESTS = tag_of("ReferencedRequestSequence")
_TEXTS = frozenset({"LO", "SH", "UI"})  # kept as they are written


@dataclass(frozen=True, slots=True)
class Matched:
    """The condition of all keys together, None if nothing is asked; and the keys nothing is matched by."""

    condition: Condition | None
    unsupported: tuple[int, ...]


def matched(keys: Sequence[Key], *, is_fuzzy: bool = False) -> Matched:
    """Raises  InvalidInput for a key whose value cannot be one of its VR."""
    conditions, unsupported = [], []
    for key in keys:
        check_size(key)
        if key.is_universal:
            continue
        condition = _condition(key, workitem_attributes(), _DATA_SET, is_fuzzy=is_fuzzy, is_top=True)
        if condition is None:
            unsupported.append(key.tag)
        else:
            conditions.append(condition)
    return Matched(all_of(conditions) if conditions else None, tuple(unsupported))


def _condition(
    key: Key, known: Attributes, data_set: str, *, is_fuzzy: bool, is_top: bool = False
) -> Condition | None:
    tag = f"{key.tag:08X}"
    attribute = known.get(tag)
    if attribute is None:
        return None
    if key.items:
        return _within(key, attribute, data_set, is_fuzzy=is_fuzzy)
    if not attribute.is_matched or attribute.vr == "SQ":
        return None
    column = _COLUMNS.get(tag, "") if is_top else ""
    return _of_value(attribute, column, data_set, key.values, is_fuzzy=is_fuzzy)


def _within(key: Key, attribute: Attribute, data_set: str, *, is_fuzzy: bool) -> Condition | None:
    """Sequence matching: one item matches every key within the sequence (PS3.4 §C.2.2.2.6)."""
    alias = f"item_{attribute.tag}"
    asked = [within for within in key.items if not within.is_universal]
    conditions = [_condition(within, attribute.items, alias, is_fuzzy=is_fuzzy) for within in asked]
    if not all(conditions):
        return None
    each = all_of([condition for condition in conditions if condition is not None])
    one_of_them = Condition(
        f"EXISTS (SELECT 1 FROM jsonb_array_elements({data_set} -> '{attribute.tag}' -> 'Value') "  # noqa: S608
        f"AS {alias}_row({alias}) WHERE {each.sql})",
        each.parameters,
    )
    contained = _contained(asked, f"({data_set} -> '{attribute.tag}')") if attribute.tag == _REQUESTS else []
    return all_of([*contained, one_of_them])


def _contained(asked: Sequence[Key], sequence: str) -> list[Condition]:
    """What an item has to contain, beside other things, as the index of requests is asked for it: single values."""
    held = {
        f"{key.tag:08X}": {"Value": list(key.values)}
        for key in asked
        if key.vr in _TEXTS and len(key.values) == 1 and key.values[0] != EMPTY and not has_wildcard(key.values[0])
    }  # fmt: skip
    return [Condition(f"{sequence} @> %s::jsonb", (json.dumps({"Value": [held]}),))] if held else []


def _of_value(
    attribute: Attribute, column: str, data_set: str, asked: Sequence[str], *, is_fuzzy: bool
) -> Condition | None:
    if attribute.vr == "PN":
        return _of_name(f"({data_set} -> '{attribute.tag}' -> 'Value' -> 0)", asked, is_fuzzy=is_fuzzy)
    if attribute.vr == "DT":
        return any_of([_of_moment(column, value) for value in asked]) if column else None
    text = column or f"({data_set} -> '{attribute.tag}' -> 'Value' ->> 0)"
    if attribute.vr == "DA":
        return any_of([_of_day(text, value) for value in asked])
    if attribute.vr == "UI":
        return matches_uid(text, asked)
    return matches_text(text, asked)


def _of_moment(column: str, value: str) -> Condition:
    if value == EMPTY:
        return Condition(f"{column} IS NULL")
    return between(column, *range_of(value))


def _of_day(text: str, value: str) -> Condition:
    """Days are kept as they are written, YYYYMMDD, and so sorted as such."""
    if value == EMPTY:
        return Condition(f"COALESCE({text}, '') = ''")
    since, until = (day.strftime("%Y%m%d") if day else None for day in date_range(value))
    return between(text, since, until)


def _of_name(name: str, asked: Sequence[str], *, is_fuzzy: bool) -> Condition:
    alphabetic, ideographic = f"({name} ->> 'Alphabetic')", f"({name} ->> 'Ideographic')"
    if is_fuzzy:
        return any_of([matches_words(alphabetic, asked), matches_words(ideographic, asked)])
    return any_of([_of_one_name(alphabetic, ideographic, value) for value in asked])


def _of_one_name(alphabetic: str, ideographic: str, value: str) -> Condition:
    if value == EMPTY:
        return all_of([Condition(f"COALESCE({column}, '') = ''") for column in (alphabetic, ideographic)])
    first, equals, rest = value.partition("=")
    if not equals:
        return any_of([matches_person(column, [value]) for column in (alphabetic, ideographic)])
    groups = ((alphabetic, first), (ideographic, rest.partition("=")[0]))
    asked = [matches_person(column, [text]) for column, text in groups if text.strip("*^")]
    return all_of(asked) if asked else Condition("true")

"""Context functions.

Reference  DMN 1.5 §10.3.4.11, table 83
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from workflows.decisions.feel.errors import FeelError
from workflows.decisions.feel.functions.arguments import Functions, as_context, as_list, as_string
from workflows.decisions.feel.values import Value

FUNCTIONS = Functions()


@FUNCTIONS.define("get value", "m", "key")
def get_value(m: Value, key: Value) -> Value:
    return as_context(m).get(as_string(key))


@FUNCTIONS.define("get entries", "m")
def get_entries(m: Value) -> list[Value]:
    return [{"key": key, "value": value} for key, value in as_context(m).items()]


@FUNCTIONS.define("context", "entries")
def context(entries: Value) -> dict[str, Value]:
    made: dict[str, Value] = {}
    for entry in as_list(entries):
        fields = as_context(entry)
        key = as_string(fields.get("key"))
        if key in made or "value" not in fields:
            raise FeelError(_("each entry has a key of its own and a value"))
        made[key] = fields["value"]
    return made


@FUNCTIONS.define("context put", "context", "key", "value")
def context_put(context_: Value, key: Value, value: Value) -> dict[str, Value]:
    """A context with one entry more, or another value for it; a list of keys goes into inner contexts."""
    outer = as_context(context_)
    if not isinstance(key, list):
        return {**outer, as_string(key): value}
    first, *rest = [as_string(part) for part in key]
    if not rest:
        return {**outer, first: value}
    return {**outer, first: context_put(outer.get(first, {}), rest, value)}


@FUNCTIONS.define("context merge", "contexts")
def context_merge(contexts: Value) -> dict[str, Value]:
    return {key: value for one in as_list(contexts) for key, value in as_context(one).items()}

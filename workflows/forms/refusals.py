"""What a schema speaks against, as one clear sentence a field.

A field of a repeated group has the place `group.row.field`, rows counted from 0 as in the data; its sentence says the
row as people count.

Reference  JSON Schema Validation 2020-12 §6
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from jsonschema.exceptions import ValidationError

from workflows.forms.words import field_schema, is_group, title_of

Spec = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Here:
    """Where in a form something is wrong: at its top, or in a row of a group; and for whom it is put in words."""

    spec: Spec
    language: str
    group: str = ""
    row: int = 0

    def place_of(self, name: str) -> str:
        return f"{self.group}.{self.row}.{name}" if self.group else name

    def title_of(self, name: str) -> str:
        return title_of(self.spec, f"{self.group}.{name}" if self.group else name, self.language)

    def says(self, sentence: str) -> str:
        if not self.group:
            return sentence
        group = title_of(self.spec, self.group, self.language)
        words = {"group": group, "number": self.row + 1, "sentence": sentence}
        return _("%(group)s, row %(number)s: %(sentence)s") % words

    def requires(self, name: str) -> tuple[str, str]:
        return self.place_of(name), self.says(_("%(field)s is required.") % {"field": self.title_of(name)})

    @property
    def fields(self) -> Mapping[str, Any]:
        """The fields there are here."""
        schema = field_schema(self.spec, self.group).get("items", {}) if self.group else self.spec["schema"]
        found: Mapping[str, Any] = schema.get("properties", {})
        return found


def sentences_of(error: ValidationError, spec: Spec, language: str) -> list[tuple[str, str]]:
    """The places an error speaks of, each with a sentence in the person's language."""
    path = list(error.absolute_path)
    here = _here(path, spec, language)
    given: dict[str, Any] = error.instance if isinstance(error.instance, dict) else {}
    asked: Any = error.validator_value
    if error.validator == "required":
        return [here.requires(str(name)) for name in asked if name not in given]
    if error.validator == "dependentRequired":
        names = (name for first, names in asked.items() if first in given for name in names)
        return [here.requires(name) for name in names if name not in given]
    if error.validator == "additionalProperties":
        unknown = [name for name in given if name not in here.fields]
        return [(here.place_of(name), here.says(_("This form has no such field."))) for name in unknown]
    if here.group:
        name = str(path[2]) if len(path) > 2 else ""
        return [(here.place_of(name).rstrip("."), here.says(_sentence(error, here, name)))]
    name = str(path[0]) if path else "outcome"
    return [(name, _sentence(error, here, name))]


def not_offered(spec: Spec, place: str, language: str) -> str:
    """The sentence for a value that is none of those offered."""
    here = _here(place.split("."), spec, language)
    return here.says(_not_offered(here, place.rsplit(".", 1)[-1] if here.group else place))


def not_as_expected(spec: Spec, name: str, language: str) -> str:
    """The sentence for a value that no schema refuses, and that could not be kept."""
    return str(_NOT_SO) % {"field": title_of(spec, name, language)}


def _here(path: list[Any], spec: Spec, language: str) -> _Here:
    is_in_row = len(path) > 1 and is_group(field_schema(spec, str(path[0])))
    return _Here(spec, language, str(path[0]), int(path[1])) if is_in_row else _Here(spec, language)


def _not_offered(here: _Here, name: str) -> str:
    return _("%(field)s: choose one of the offered values.") % {"field": here.title_of(name)}


def _sentence(error: ValidationError, here: _Here, name: str) -> str:
    words = {"field": here.title_of(name), "limit": error.validator_value}
    if not here.group and is_group(field_schema(here.spec, name)):
        return _sentence_of_group(error, words)
    match error.validator:
        case "minItems":
            return _("%(field)s is required.") % words
        case "pattern" | "minLength" if not str(error.instance).strip():
            return _("%(field)s is required.") % words
        case "format" if error.validator_value == "date":
            return _("%(field)s: give a date.") % words
        case "enum" | "const":
            return _not_offered(here, name)
    return str(_LIMITS.get(str(error.validator), _NOT_SO)) % words


_LIMITS = {
    "minLength": gettext_lazy("%(field)s needs at least %(limit)s characters."),
    "maxLength": gettext_lazy("%(field)s has at most %(limit)s characters."),
    "minimum": gettext_lazy("%(field)s must be at least %(limit)s."),
    "exclusiveMinimum": gettext_lazy("%(field)s must be at least %(limit)s."),
    "maximum": gettext_lazy("%(field)s must be at most %(limit)s."),
    "exclusiveMaximum": gettext_lazy("%(field)s must be at most %(limit)s."),
}
_NOT_SO = gettext_lazy("%(field)s is not in the expected form.")


def _sentence_of_group(error: ValidationError, words: dict[str, Any]) -> str:
    limit = words["limit"]
    match error.validator:
        case "minItems":
            sentence = ngettext(
                "%(field)s needs at least %(limit)s row.", "%(field)s needs at least %(limit)s rows.", limit
            )
        case "maxItems":
            sentence = ngettext(
                "%(field)s has at most %(limit)s row.", "%(field)s has at most %(limit)s rows.", limit
            )
        case _:
            sentence = str(_NOT_SO)
    return sentence % words

"""Forms of user tasks: documents in the bundle, shown to people, checked field by field when they are sent."""

from workflows.forms.data import (
    BUILT_IN,
    Choices,
    ChoicesProvider,
    Submission,
    check_data,
    find_choices,
    find_outcome,
    find_submission,
    load_form,
    offered_by,
    register_choices,
    register_submission,
)
from workflows.forms.words import field_schema, is_group, title_of, translated, words_in

__all__ = [
    "BUILT_IN",
    "Choices",
    "ChoicesProvider",
    "Submission",
    "check_data",
    "field_schema",
    "find_choices",
    "find_outcome",
    "find_submission",
    "is_group",
    "load_form",
    "offered_by",
    "register_choices",
    "register_submission",
    "title_of",
    "translated",
    "words_in",
]

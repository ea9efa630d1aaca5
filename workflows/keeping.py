"""What comes from outside into a case is such that every store of ours takes it, whoever brings it.

Edges refuse it in their own protocol where they can; here nothing gets by.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from common.errors import InvalidInput
from workflows.scripting.inside.values import MAX_DEPTH, NotPlain, plain

NOT_KEPT = "NOT_KEPT"


def check_kept(value: Any, *fields: str) -> None:
    """Refuse what the database could not keep, in the name of the fields it was sent as.

    Raises  InvalidInput NOT_KEPT for a NUL, half of a surrogate pair, a number beyond 64 bits, or deep nesting.
    """
    try:
        plain(value)
    except NotPlain as error:
        sentence = why_not_kept(error)
        raise InvalidInput(sentence, code=NOT_KEPT, fields=dict.fromkeys(fields, sentence)) from error


def written(text: str, *fields: str, most: int, code: str) -> str:
    """What a person wrote, without the space around it.

    Raises  InvalidInput with `code` for more than `most` characters, and as `check_kept`.
    """
    check_kept(text, *fields)
    text = text.strip()
    if len(text) > most:
        sentence = _("At most %(limit)s characters.") % {"limit": most}
        raise InvalidInput(sentence, code=code, fields=dict.fromkeys(fields, sentence))
    return text


def why_not_kept(error: NotPlain) -> str:
    """The rule that a value breaks, as a sentence; never the value."""
    match str(error):
        case "deep":
            return _("Values are nested at most %(most)d deep.") % {"most": MAX_DEPTH}
        case "number":
            return _("Numbers are finite and within 64 bits.")
        case "text":
            return _("Texts hold no NUL and no half of a surrogate pair.")
    return _("Values are of the kinds that JSON has.")

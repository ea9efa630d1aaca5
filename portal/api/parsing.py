"""What programs send: JSON within bounds, and no value that could not be kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.utils.json import strict_constant

from workflows.keeping import why_not_kept
from workflows.scripting.inside.values import NotPlain, plain


class KeptJSON(JSONParser):
    """JSON as every store of ours takes it: no NUL, no half of a surrogate pair, 64 bits a number, bounded depth.

    Reference  RFC 8259 §6, §8; RFC 7493 (I-JSON) §2
    """

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return plain(json.loads(stream.read().decode(), parse_constant=strict_constant))
        except NotPlain as error:
            raise ParseError(why_not_kept(error)) from error
        except RecursionError as error:
            raise ParseError(why_not_kept(NotPlain("deep"))) from error
        except ValueError as error:
            raise ParseError(_("This is not JSON: %(reason)s") % {"reason": _reason(error)}) from error


def _reason(error: ValueError) -> str:
    """Where it ceases to be JSON; never what stands there."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, line {error.lineno}, column {error.colno}"
    return "UTF-8" if isinstance(error, UnicodeDecodeError) else "number"

"""Secrets of destinations: named in their configuration, kept in the environment."""

from __future__ import annotations

import os
import re

from django.utils.translation import gettext as _

from common.errors import Conflict, InvalidInput

PREFIX = "ROUTING_SECRET_"
_NAME = re.compile(rf"{PREFIX}[A-Z0-9_]{{1,60}}")


def check_secret_name(name: str, *, field: str) -> None:
    """Raises InvalidInput unless the name is one that destinations may ask for: nothing else of ours is given away."""
    if name and _NAME.fullmatch(name) is None:
        problem = _("Not a secret itself but its name in the environment, which begins with %(prefix)s.") % {
            "prefix": PREFIX
        }
        raise InvalidInput(problem, code="BAD_SECRET_NAME", fields={field: problem})


def secret(name: str) -> str:
    """The secret of this name; empty for no name. Raises Conflict if the environment does not hold it."""
    if not name:
        return ""
    if _NAME.fullmatch(name) is None or name not in os.environ:
        raise Conflict("The destination's secret is not in the environment", code="SECRET_MISSING")
    return os.environ[name]

"""Secrets of destinations: named in their configuration, kept in the environment."""

from __future__ import annotations

import os
import re

from common.errors import Conflict, InvalidInput

PREFIX = "ROUTING_SECRET_"
_NAME = re.compile(rf"{PREFIX}[A-Z0-9_]{{1,60}}")


def check_secret_name(name: str, *, field: str) -> None:
    """Raises InvalidInput unless the name is one that destinations may ask for: nothing else of ours is given away."""
    if name and _NAME.fullmatch(name) is None:
        raise InvalidInput(
            f"The name of a secret begins with {PREFIX}.", code="BAD_SECRET_NAME",
            fields={field: f"Names of secrets begin with {PREFIX}."},
        )  # fmt: skip


def secret(name: str) -> str:
    """The secret of this name; empty for no name. Raises Conflict if the environment does not hold it."""
    if not name:
        return ""
    if _NAME.fullmatch(name) is None or name not in os.environ:
        raise Conflict("The destination's secret is not in the environment", code="SECRET_MISSING")
    return os.environ[name]

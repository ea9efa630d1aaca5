"""What `manage.py check --deploy` says of the sandbox on this machine."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004 - Django's own name

from workflows.scripting.calls import pool
from workflows.scripting.pool import NoSandbox


@register("scripts", deploy=True)
def check_sandbox(**_options: Any) -> list[CheckMessage]:
    """Whether scripts can be confined here, and by how much."""
    try:
        is_apart = pool().is_apart
    except (NoSandbox, OSError):
        message = "Scripts cannot be confined on this machine and will not run."
        hint = "The kernel must take a filter of system calls (CONFIG_SECCOMP_FILTER), on x86-64 or AArch64."
        return [Error(message, hint=hint, id="scripts.E001")]
    if not is_apart:
        message = "Scripts have no namespaces of their own here; the filter of system calls stands alone."
        return [Warning(message, hint="Let the service create user namespaces.", id="scripts.W001")]
    return []

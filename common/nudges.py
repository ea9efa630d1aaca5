"""A nudge tells a worker at once that a row waits. One that is lost costs time only: a duty looks for what is due."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, ParamSpec

from django.db import transaction

P = ParamSpec("P")


class Nudge(Generic[P]):
    """Whom a process tells of its rows: the broker's tasks where there is one, nobody in tests.

    The package that owns the rows has it sent; what hears it is chosen when the app is ready.
    """

    def __init__(self) -> None:
        self._send: Callable[P, object] | None = None

    def use(self, send: Callable[P, object] | None) -> None:
        """Have `send` called from now on; None for nobody."""
        self._send = send

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Nudge now. False where nobody hears it, so a duty may do the work itself."""
        if self._send is None:
            return False
        self._send(*args, **kwargs)
        return True

    def after_commit(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Nudge once the transaction in hand is committed; a broker that is away does not undo what is."""
        transaction.on_commit(lambda: self(*args, **kwargs), robust=True)

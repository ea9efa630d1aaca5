"""Keys counted ahead: a row that knows its key is written in one trip with the rows that refer to it.

Asking for one key costs a trip of its own, so a process asks for several at a time. Those it does not use at once
are left out, as those of a transaction that was undone are: so a later row has a greater key, but for a moment.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import deque
from collections.abc import Callable
from functools import cached_property

from common import clock
from common.lean import LeanStatement
from common.row_parts import Table, options_of

AT_ONCE = 32
KEPT = dt.timedelta(seconds=1)
_COUNT = LeanStatement("SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s::integer)")


class Keys:
    """The keys the database counts for a table. A forked process does not go on with those of its parent.

    `table`  gives the table when the first key is asked for.
    """

    def __init__(self, table: Callable[[], Table], *, at_once: int = AT_ONCE) -> None:
        self._table, self._at_once = table, at_once
        self._left: deque[int] = deque()
        self._counted_at = clock.now()
        os.register_at_fork(after_in_child=self.forget)

    def take(self) -> int:
        """A key that no other row has or gets."""
        now = clock.now()
        if now - self._counted_at > KEPT:
            self.forget()
        while True:
            try:
                return self._left.popleft()
            except IndexError:
                self._counted_at = now
                self._left.extend(key for (key,) in _COUNT.rows([*self._counter, self._at_once]))

    def __len__(self) -> int:
        """How many keys are in hand."""
        return len(self._left)

    def forget(self) -> None:
        """Leave out the keys in hand."""
        self._left.clear()

    @cached_property
    def _counter(self) -> tuple[str, str]:
        """The table and the column whose keys are counted."""
        options = options_of(self._table())
        return str(options.db_table), str(options.pk.column)

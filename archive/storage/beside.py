"""Work done in a thread beside its owner's, such as a flush that waits for the disk while the owner digests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

Work = Callable[[], None]
Wait = Callable[[], None]


class Beside:
    """A thread for one owner, started by the first work and ended by `close`; work is done in the order it came."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._queue: SimpleQueue[Work | None] | None = None

    def begin(self, work: Work) -> Wait:
        """Have `work` done. What is given back waits for its end, once, and raises what it raised."""
        done: SimpleQueue[BaseException | None] = SimpleQueue()

        def act() -> None:
            failure: BaseException | None = None
            try:
                work()
            except BaseException as error:
                failure = error
            finally:
                done.put(failure)

        def wait() -> None:
            failure = done.get()
            if failure is not None:
                raise failure

        self._started().put(act)
        return wait

    def close(self) -> None:
        """Have the thread end when it has done what was begun."""
        if self._queue is not None:
            self._queue.put(None)
            self._queue = None

    def _started(self) -> SimpleQueue[Work | None]:
        if self._queue is None:
            self._queue = SimpleQueue()
            threading.Thread(target=_serve, args=(self._queue,), name=self._name, daemon=True).start()
        return self._queue


def _serve(queue: SimpleQueue[Work | None]) -> None:
    while (work := queue.get()) is not None:
        work()

"""How many associations a node bears at once, counted across all processes and machines.

A slot is a row under a lease. One thread of each process renews the leases of the slots it holds, so an
association may last as long as it needs, and a killed process gives its slots back within a minute.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
import time
from collections.abc import Iterator

import structlog
from django.db import DatabaseError, connection, transaction

from common import clock
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes import breaker
from integrations.dicom.nodes.errors import LIMIT, NodeUnavailable
from integrations.dicom.nodes.models import NodeSlot

log = structlog.get_logger(__name__)

LEASE = dt.timedelta(seconds=60)
PATIENCE = dt.timedelta(seconds=10)
_RENEWED_EVERY_S = 20.0
_ASKED_EVERY_S = 0.25


class _Keeper:
    """Renews the leases of this process while there are any."""

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def keep(self, key: int) -> None:
        with self._guard:
            self._held.add(key)
            if self._thread is None or not self._thread.is_alive():  # none yet, or a fork left it behind
                self._thread = threading.Thread(target=self._renew, name="node-slots", daemon=True)
                self._thread.start()

    def let_go(self, key: int) -> None:
        with self._guard:
            self._held.discard(key)

    def _renew(self) -> None:
        while True:
            time.sleep(_RENEWED_EVERY_S)
            with self._guard:
                held = list(self._held)
                if not held:
                    self._thread = None
                    return
            try:
                NodeSlot.objects.filter(pk__in=held).update(expires_at=clock.now() + LEASE)
            except DatabaseError as error:
                log.warning("node.slots_not_renewed", code=type(error).__name__)
            finally:
                connection.close()


_keeper = _Keeper()


@contextlib.contextmanager
def slot(node: ApplicationEntity, *, purpose: str, patience: dt.timedelta = PATIENCE) -> Iterator[None]:
    """One of the node's associations, given back on leaving.

    Must not be entered within a transaction: a call to a peer takes as long as the peer likes.

    Raises  NodeUnavailable: NODE_BREAKER_OPEN at once, NODE_LIMIT if none comes free in time.
    """
    held = _take(node, purpose)
    deadline = time.monotonic() + patience.total_seconds()
    while held is None:
        if time.monotonic() >= deadline:
            raise NodeUnavailable(
                f"All {node.maximum_associations} associations this node bears are in use",
                code=LIMIT,
                reason="ASSOCIATIONS",
                retry_at=clock.now() + dt.timedelta(seconds=5),
            )
        time.sleep(_ASKED_EVERY_S)
        held = _take(node, purpose)
    _keeper.keep(held.pk)
    try:
        yield
    finally:
        _keeper.let_go(held.pk)
        with contextlib.suppress(DatabaseError):  # the lease runs out by itself
            NodeSlot.objects.filter(pk=held.pk).delete()


def _take(node: ApplicationEntity, purpose: str) -> NodeSlot | None:
    """A slot, or None while all are taken. The breaker is asked under the same lock."""
    now = clock.now()
    with transaction.atomic(durable=True):
        health = breaker.locked_health(node)
        breaker.refuse_while_open(health)
        NodeSlot.objects.filter(node=node, expires_at__lte=now).delete()
        if NodeSlot.objects.filter(node=node).count() >= node.maximum_associations:
            return None
        breaker.take_probe(health)
        return NodeSlot.objects.create(node=node, purpose=purpose, taken_at=now, expires_at=now + LEASE)

from __future__ import annotations

from celery import shared_task

from archive.lifecycle import nudging

STALE_AFTER_S = 60


@shared_task(name="archive.lifecycle.perform", ignore_result=True)  # type: ignore[untyped-decorator]
def perform(kind: str) -> None:
    """One bounded batch of copying, repairing, packing or scrubbing; what is left is due again."""
    nudging.perform(kind)


def nudge(kind: str) -> None:
    """Have a worker of the transfer queue do a batch; a nudge nobody took in time is not worth taking."""
    perform.apply_async([kind], queue="transfer", expires=STALE_AFTER_S)

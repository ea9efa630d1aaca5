from __future__ import annotations

from celery import shared_task

from integrations.dicom.nodes import check


@shared_task(name="integrations.dicom.check_node", ignore_result=True)  # type: ignore[untyped-decorator]
def check_node(check_id: int) -> None:
    """Perform a graded check of a node, if nobody has begun it."""
    check.perform_check(check_id)

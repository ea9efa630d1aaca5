"""What other packages ask of processes. Each function is one transaction; one writer an instance."""

from workflows.bundles import import_bundle
from workflows.instances import cancel_process, start_process
from workflows.messages import receive_event
from workflows.service_runs import (
    complete_service_task,
    fail_service_task,
    perform_service_task,
    retry_service_task,
)
from workflows.timers import fire_timer
from workflows.user_tasks import (
    claim_user_task,
    complete_user_task,
    discard_draft,
    release_user_task,
    save_draft,
)

__all__ = [
    "cancel_process",
    "claim_user_task",
    "complete_service_task",
    "complete_user_task",
    "discard_draft",
    "fail_service_task",
    "fire_timer",
    "import_bundle",
    "perform_service_task",
    "receive_event",
    "release_user_task",
    "retry_service_task",
    "save_draft",
    "start_process",
]

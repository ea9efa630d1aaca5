"""What other packages ask of processes. Each function is one transaction; one writer an instance."""

from workflows.attachments import attach, open_attachment, remove_attachment
from workflows.bundles import import_bundle
from workflows.comments import add_comment
from workflows.correlation import send_message
from workflows.drafts import discard_draft, save_draft
from workflows.handing import (
    decline_user_task,
    delegate_user_task,
    hand_back_user_task,
    reassign_user_task,
)
from workflows.instances import cancel_process, start_process
from workflows.messages import receive_event
from workflows.service_runs import (
    complete_service_task,
    fail_service_task,
    perform_service_task,
    retry_service_task,
)
from workflows.signals import broadcast_signal
from workflows.timers import fire_timer
from workflows.user_tasks import claim_user_task, complete_user_task, release_user_task

__all__ = [
    "add_comment",
    "attach",
    "broadcast_signal",
    "cancel_process",
    "claim_user_task",
    "complete_service_task",
    "complete_user_task",
    "decline_user_task",
    "delegate_user_task",
    "discard_draft",
    "fail_service_task",
    "fire_timer",
    "hand_back_user_task",
    "import_bundle",
    "open_attachment",
    "perform_service_task",
    "reassign_user_task",
    "receive_event",
    "release_user_task",
    "remove_attachment",
    "retry_service_task",
    "save_draft",
    "send_message",
    "start_process",
]

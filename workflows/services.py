"""What other packages ask of processes. Each function is one transaction; one writer an instance."""

from workflows.deployment.bundles import import_bundle
from workflows.instances import cancel_process, start_process
from workflows.machines.answers import complete_service_task, fail_service_task, retry_service_task
from workflows.machines.performing import perform_service_task
from workflows.news.correlation import send_message
from workflows.news.messages import receive_event
from workflows.news.signals import broadcast_signal
from workflows.people.attachments import attach, open_attachment, remove_attachment
from workflows.people.comments import add_comment
from workflows.people.drafts import discard_draft, save_draft
from workflows.people.handing import (
    decline_user_task,
    delegate_user_task,
    hand_back_user_task,
    reassign_user_task,
)
from workflows.people.user_tasks import (
    asks_for_signature,
    claim_user_task,
    complete_user_task,
    release_user_task,
)
from workflows.suspension.services import resume_process, suspend_process
from workflows.timers import fire_timer

__all__ = [
    "add_comment",
    "asks_for_signature",
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
    "resume_process",
    "retry_service_task",
    "save_draft",
    "send_message",
    "start_process",
    "suspend_process",
]

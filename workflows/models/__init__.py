"""What the engine persists: definitions, instances, and the rows pages and workers look for.

A foreign key that begins another index of its table has none of its own: every step writes these rows.
"""

from workflows.models.cases import Incident, ProcessEvent, ProcessInstance, ProcessSubject
from workflows.models.definitions import ProcessDefinition
from workflows.models.machines import ServiceTaskRun
from workflows.models.people import (
    LIST_ORDER,
    NO_DUE_DATE,
    RANKS,
    ROUTINE_RANK,
    Attachment,
    CaseComment,
    FormDraft,
    TaskCandidate,
    UserTask,
    list_order,
)
from workflows.models.waiting import (
    HeldInput,
    MessageSubscription,
    ReceivedMessage,
    StartTimer,
    ThrownMessage,
    Timer,
)
from workflows.scripting.library.models import ScriptVersion  # its table is this app's

__all__ = [
    "LIST_ORDER",
    "NO_DUE_DATE",
    "RANKS",
    "ROUTINE_RANK",
    "Attachment",
    "CaseComment",
    "FormDraft",
    "HeldInput",
    "Incident",
    "MessageSubscription",
    "ProcessDefinition",
    "ProcessEvent",
    "ProcessInstance",
    "ProcessSubject",
    "ReceivedMessage",
    "ScriptVersion",
    "ServiceTaskRun",
    "StartTimer",
    "TaskCandidate",
    "ThrownMessage",
    "Timer",
    "UserTask",
    "list_order",
]

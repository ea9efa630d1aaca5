"""One step of one instance: lock, act, and write everything that follows from it in one transaction.

`opening` locks and hands out the `step` in hand; `writing` has everything written that follows from it, a module for
each kind of row; `publishing` tells of it. The `first` step of an instance makes it. What a committed step sets off
elsewhere is plugged in at `hooks`.
"""

from workflows.stepping.first import Beginning, take_first_step
from workflows.stepping.hooks import use_cancel_called, use_nudge, use_take_correlated
from workflows.stepping.incidents import open_incident, resolve_incidents
from workflows.stepping.opening import open_step
from workflows.stepping.service_tasks import NUDGE_GRACE, nudge_after_commit, requeue_call
from workflows.stepping.step import WORKFLOW, Step
from workflows.stepping.unlocked import LockNeeded, take_known, unlocked_step

__all__ = [
    "NUDGE_GRACE",
    "WORKFLOW",
    "Beginning",
    "LockNeeded",
    "Step",
    "nudge_after_commit",
    "open_incident",
    "open_step",
    "requeue_call",
    "resolve_incidents",
    "take_first_step",
    "take_known",
    "unlocked_step",
    "use_cancel_called",
    "use_nudge",
    "use_take_correlated",
]

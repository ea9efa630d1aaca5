"""The BPMN engine: the only package that imports SpiffWorkflow, so that it can be patched or replaced.

Spiff walks the task tree. What it gets from us: a parser that keeps to what checks allow, an expression
evaluator without eval, timers that fire when *our* row says so, service tasks that stay started until told,
and a compact state without the spec.
"""

from workflows.engine.faults import EngineFault
from workflows.engine.model import ProcessModel
from workflows.engine.run import ProcessRun
from workflows.engine.waits import (
    CALL_OPERATOR,
    Happening,
    MessageWait,
    ServiceTaskWait,
    Thrown,
    TimerWait,
    UserTaskWait,
    Waits,
)

__all__ = [
    "CALL_OPERATOR",
    "EngineFault",
    "Happening",
    "MessageWait",
    "ProcessModel",
    "ProcessRun",
    "ServiceTaskWait",
    "Thrown",
    "TimerWait",
    "UserTaskWait",
    "Waits",
]

"""What a called case can know of its caller without a lock: whether an error that leaves it would be caught there.

Reference  BPMN 2.0.2 §10.5.6
"""

from __future__ import annotations

from workflows.deployment import bundles
from workflows.diagram.propagation import catches_error
from workflows.models import ProcessInstance, ServiceTaskRun


def is_caught_above(instance: ProcessInstance, code: str) -> bool:
    """Whether an error that leaves a called case would be caught at its call, or further up."""
    while instance.call_id is not None:
        call = (
            ServiceTaskRun.objects.select_related("instance")
            .defer("instance__state")
            .get(pk=instance.call_id)
        )
        if catches_error(bundles.model_of(call.instance.definition_id).diagram, call.element_id, code):
            return True
        instance = call.instance
    return False

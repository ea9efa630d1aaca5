"""Script tasks: run when they are reached, in the language their scriptFormat names.

Spiff runs every script as Python in this very process, whatever its format says. Here Python goes to the script
engine's sandbox and FEEL to our interpreter, confined likewise; any other format is refused before the process runs.

Reference  BPMN 2.0.2 §10.3.3, §13.3.3
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from common import clock
from common.errors import ServiceError
from common.sentences import sentence as _
from workflows.diagram import Script
from workflows.diagram.formal import PYTHON
from workflows.engine.activities import ActivityParser
from workflows.engine.computed import ComputationError, ComputedTask
from workflows.interpreting.asking import FEEL as IN_FEEL
from workflows.interpreting.asking import Fault, interpreted
from workflows.scripting import run_script, scripts_run_for
from workflows.scripting.library.services import run_named_script

Runner = Callable[[str, Mapping[str, Any], str], Any]


class ScriptTask(ComputedTask):
    """`into` is the variable for what the script gives; without it the script gives variables."""

    def __init__(self, wf_spec: Any, bpmn_id: str, *, script: Script, into: str, **options: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **options)
        self.script = script
        self.into = into

    def compute(self, names: Mapping[str, Any]) -> Mapping[str, Any]:
        value = RUNNERS[self.script.language](self.script.text, names, self.bpmn_id)
        if self.into:
            return {self.into: value}
        if not isinstance(value, dict):
            raise ComputationError(
                "SCRIPT_FAILED", _("The script gives no variables, and names none for its result")
            )
        return value


class ScriptTaskParser(ActivityParser):
    """Reads a script task."""

    def create_task(self) -> ScriptTask:
        element = self.element
        return ScriptTask(
            self.spec,
            self.bpmn_id,
            script=element.script or Script("", ""),
            into=element.extension("script", "result"),
            **self.bpmn_attributes,
        )


def _run_feel(text: str, names: Mapping[str, Any], element_id: str) -> Any:
    try:
        with scripts_run_for(element=element_id):
            return _sandboxed(lambda: interpreted(IN_FEEL, text, names, name=element_id))
    except Fault as fault:
        raise ComputationError("SCRIPT_FAILED", *fault.args) from fault


def _run_python(text: str, names: Mapping[str, Any], element_id: str) -> Any:
    with scripts_run_for(element=element_id):
        return _sandboxed(lambda: run_script(text, names, name=element_id, now=clock.now()))


def _run_named(reference: str, names: Mapping[str, Any], element_id: str) -> Any:
    with scripts_run_for(element=element_id):
        return _sandboxed(lambda: run_named_script(reference, names, now=clock.now()))


def _sandboxed(run: Callable[[], Any]) -> Any:
    try:
        return run()
    except ServiceError as error:
        if not error.permanent:
            raise  # no sandbox now: the step is not taken, and may be tried again
        raise ComputationError(error.code, error.message) from error


FEEL = ("feel", "application/feel", "text/feel")
LIBRARY = "library"
RUNNERS: dict[str, Runner] = {
    **dict.fromkeys(FEEL, _run_feel),
    **dict.fromkeys(PYTHON, _run_python),
    LIBRARY: _run_named,
}
"""What runs a script, by its format in lower case. The text of one of the library is its name, or name@number."""

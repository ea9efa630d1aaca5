"""Script tasks: a script in a language that is run.

Reference  BPMN 2.0.2 §10.3.3 (Script Task)
"""

from __future__ import annotations

from collections.abc import Iterator

from workflows.checks.problems import Problem
from workflows.decisions.expressions import FeelFault, check
from workflows.diagram import Diagram, Script
from workflows.engine.scripts import FEEL, LIBRARY, PYTHON, RUNNERS
from workflows.scripting import ScriptError, check_script
from workflows.scripting.library.selectors import find_script


def check_scripts(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        if element.script is not None:
            for message in _problems(element.id, element.script):
                yield Problem(element.id, message)
            name = element.extension("script", "result")
            if name and element.script.language in (*PYTHON, LIBRARY):
                yield Problem(element.id, "A Python script sets variables itself and has no result")
            elif name and not name.isidentifier():
                yield Problem(element.id, f"The script's result is no variable: {name}")


def _problems(element_id: str, script: Script) -> Iterator[str]:
    if script.language not in RUNNERS:
        written = script.language or "none"
        yield f"The script format {written} is not run; there are: {', '.join(sorted(RUNNERS))}"
    elif not script.text:
        yield "The script task has no script"
    elif script.language in FEEL:
        try:
            check(script.text)
        except FeelFault as fault:
            yield f"The script is not FEEL: {fault}"
    elif script.language == LIBRARY:
        if find_script(script.text) is None:
            yield f"The library has no script {script.text} in force"
    else:
        try:
            check_script(script.text, name=element_id)
        except ScriptError as error:
            yield f"The script would not run: {error}"

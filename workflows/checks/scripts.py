"""Script tasks: a script in a language that is run.

Reference  BPMN 2.0.2 §10.3.3 (Script Task)
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from workflows.checks.problems import Problem
from workflows.decisions.expressions import FeelFault, check
from workflows.diagram import Diagram, Script
from workflows.diagram.formal import PYTHON
from workflows.engine.scripts import FEEL, LIBRARY, RUNNERS
from workflows.scripting import ScriptError, check_script
from workflows.scripting.library.selectors import find_script


def check_scripts(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        if element.script is not None:
            for message in _problems(element.id, element.script):
                yield Problem(element.id, message)
            name = element.extension("script", "result")
            if name and element.script.language in (*PYTHON, LIBRARY):
                yield Problem(element.id, _("A Python script sets variables itself and has no result"))
            elif name and not name.isidentifier():
                yield Problem(element.id, _("The script's result is no variable: %(name)s") % {"name": name})


def _problems(element_id: str, script: Script) -> Iterator[str]:
    if script.language not in RUNNERS:
        written = script.language or _("none")
        yield _("The script format %(written)s is not run; there are: %(names)s") % {
            "written": written,
            "names": ", ".join(sorted(RUNNERS)),
        }
    elif not script.text:
        yield _("The script task has no script")
    elif script.language in FEEL:
        try:
            check(script.text)
        except FeelFault as fault:
            yield _("The script is not FEEL: %(fault)s") % {"fault": fault}
    elif script.language == LIBRARY:
        if find_script(script.text) is None:
            yield _("The library has no script %(text)s in force") % {"text": script.text}
    else:
        try:
            check_script(script.text, name=element_id)
        except ScriptError as error:
            yield _("The script would not run: %(error)s") % {"error": error}

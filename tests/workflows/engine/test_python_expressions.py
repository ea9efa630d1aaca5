"""Expressions whose language is Python are evaluated in the sandbox.  Reference: BPMN 2.0.2 §8.4.8."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent
from tests.workflows.conftest import bundle, chain, flow, machine, user
from tests.workflows.engine.drawing import END, catch, marked, throw
from tests.workflows.scripting.patience import patient_pool, patient_sandbox  # noqa: F401 - fixtures
from workflows.checks import check_bundle
from workflows.diagram.formal import PYTHON
from workflows.engine import EngineFault
from workflows.scripting import ScriptError, calls
from workflows.scripting.pool import NoSandbox

pytestmark = pytest.mark.usefixtures("patient_sandbox")
SERIES = {"series": [{"kind": "CT", "slices": 90}, {"kind": "SR", "slices": 1}]}
IMAGES = "any(one.kind in ('CT', 'MR') for one in series)"


def asked(condition, language="python"):
    """A gateway that goes to `read` where the condition holds, and to `file` otherwise."""
    written = flow("g", "read", condition).replace("Expression>", f'Expression language="{language}">', 1)
    return (
        '<bpmn:exclusiveGateway id="g" default="g-file"/>' + user("read") + user("file") + END
        + chain("start", "g") + written + flow("g", "file") + chain("read", "end") + chain("file", "end")
    )  # fmt: skip


@pytest.mark.parametrize("language", PYTHON)
def test_a_condition_in_python_chooses_the_flow(play, language):
    assert play(asked(IMAGES, language), SERIES).open == ["read"]
    assert play(asked(IMAGES, language), {"series": []}).open == ["file"]


def test_a_loop_goes_on_while_its_condition_in_python_holds(play):
    asks = "len([1 for _n in range(9) if _n &lt; loopCounter]) &lt; 2"
    condition = f'<bpmn:loopCondition language="python">{asks}</bpmn:loopCondition>'
    loop = f"<bpmn:standardLoopCharacteristics>{condition}</bpmn:standardLoopCharacteristics>"
    run = play(marked(user("again"), loop) + END + chain("start", "again", "end"))
    assert not run.complete("again").is_completed
    assert run.complete("again").is_completed


COUNTED = (
    """<consilium:argument name="number" value="len([1 for one in series if one.kind != 'SR'])" """
    'language="python"/>'
)
KEYED = (
    """<consilium:message correlate="'-'.join([str(one.slices) for one in series])" language="python">"""
    "{}</consilium:message>"
)


def test_an_argument_of_ours_may_be_in_python(play):
    counted = machine("count").replace('<consilium:argument name="number" value="number"/>', COUNTED)

    process = play(counted + END + chain("start", "count", "end"), SERIES)

    assert process.arguments_of("count") == [{"number": 1}]


def test_the_keys_of_messages_may_be_in_python_at_both_ends(play):
    tell = throw("tell", "message", extension=KEYED.format(COUNTED))
    wait = catch("wait", "message", extension=KEYED.format(""))

    thrown = play(tell + END + chain("start", "tell", "end"), SERIES)
    caught = play(wait + END + chain("start", "wait", "end"), SERIES)

    assert [(each.key, each.payload) for each in thrown.thrown] == [("90-1", {"number": 1})]
    assert caught.wait("wait").key == "90-1"


@pytest.mark.django_db
def test_an_expression_that_asks_for_files_stops_the_case_and_is_audited(play):
    with pytest.raises(EngineFault) as fault:
        play(asked("next(map(open, ['/etc/passwd']))"), SERIES)

    assert fault.value.element_id == "g"
    line = AuditEvent.objects.filter(action="script.denied").earliest("pk")
    assert (line.object_uid, line.detail["code"]) == ("expression", "SCRIPT_DENIED")


def test_where_there_is_no_sandbox_the_step_is_not_taken(play, monkeypatch):
    monkeypatch.setattr(calls, "pool", _none)
    with pytest.raises(ScriptError) as error:
        play(asked(IMAGES), SERIES)
    assert not error.value.permanent


def _none():
    raise NoSandbox


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("condition", "language", "words"),
    [
        (IMAGES, "python", []),
        ("import os", "python", ["line 1, this is not Python (SyntaxError)"]),
        ("().__class__", "python", ["__class__"]),
        (IMAGES, "", ["use a script task"]),
    ],
)
def test_what_could_not_be_evaluated_is_refused_when_it_is_deployed(condition, language, words):
    problems = [each.message for each in check_bundle(bundle(asked(condition, language)))]
    assert len(problems) == len(words)
    assert all(word in problem for word, problem in zip(words, problems, strict=True))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('value="().__class__" language="python"', "__class__"),
        ('value="number" language="juel"', "An expression in juel is not evaluated"),
        ('value="sum([number])"', "use a script task"),
    ],
)
def test_an_argument_that_could_not_be_evaluated_is_refused_when_it_is_deployed(operators, written, problem):
    body = machine("count").replace('value="number"', written) + END + chain("start", "count", "end")

    [found] = check_bundle(bundle(body))

    assert (found.element_id, problem in found.message) == ("count", True)


@pytest.mark.django_db
def test_only_what_holds_expressions_has_a_language(operators):
    body = machine("count").replace('name="test.step"', 'name="test.step" language="python"')

    [found] = check_bundle(bundle(body + END + chain("start", "count", "end")))

    assert found.message == "consilium:operator has no attribute language"

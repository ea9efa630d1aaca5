"""Script tasks.  Reference: BPMN 2.0.2 §10.3.3, §13.3.3."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import bundle, chain, user
from tests.workflows.engine.drawing import END, marked, multi
from workflows.checks import check_bundle
from workflows.engine import EngineFault
from workflows.scripting import ScriptError, calls
from workflows.scripting.limits import Limits
from workflows.scripting.pool import NoSandbox, Pool


def script(text, language="FEEL", result=""):
    into = f'<bpmn:extensionElements><consilium:script result="{result}"/></bpmn:extensionElements>'
    return (
        f'<bpmn:scriptTask id="x" scriptFormat="{language}">{into if result else ""}'
        f"<bpmn:script>{text}</bpmn:script></bpmn:scriptTask>"
    )


def body(node):
    return node + user("after") + END + chain("start", "x", "after", "end")


def test_a_feel_script_gives_a_variable_its_value(play):
    run = play(
        body(script("sum(for s in series return s.slices)", result="total")),
        {"series": [{"slices": 3}, {"slices": 4}]},
    )

    assert run.open == ["after"]
    assert run.data_at("after")["total"] == 7
    assert run.done.count("x") == 1


def test_a_feel_script_without_a_result_gives_several_variables(play):
    run = play(body(script('{half: number / 2, kind: if number > 5 then "many" else "few"}')))

    assert (run.data_at("after")["half"], run.data_at("after")["kind"]) == (3.5, "many")


def test_dates_and_durations_become_their_texts(play):
    run = play(body(script('date("2026-03-01") + duration("P1M")', result="due")))

    assert run.data_at("after")["due"] == "2026-04-01"


def test_a_script_runs_for_each_item(play):
    marker = multi(collection="series", item="one", output="doubled", output_item="twice")
    run = play(body(marked(script("one * 2", result="twice"), marker)), {"series": [1, 2, 3]})

    assert run.data_at("after")["doubled"] == [2, 4, 6]


@pytest.fixture
def sandbox(monkeypatch):
    """A sandbox that does not take a loaded machine for a slow script."""
    pool = Pool(Limits(wall_s=20.0, cpu_s=10))
    monkeypatch.setattr(calls, "pool", lambda: pool)
    yield pool
    pool.close()


PYTHON = """
total = 0
for one in series:
    total += one["slices"]
kinds = sorted([one["kind"] for one in series if one["slices"] != 4])
"""
SERIES = {"series": [{"slices": 3, "kind": "CT"}, {"slices": 4, "kind": "CT"}, {"slices": 5, "kind": "MR"}]}


@pytest.mark.parametrize("language", ["python", "text/x-python", "application/x-python"])
def test_a_python_script_runs_in_the_sandbox_and_sets_variables(play, sandbox, language):
    run = play(body(script(PYTHON, language)), SERIES)

    assert (run.data_at("after")["total"], run.data_at("after")["kinds"]) == (12, ["CT", "MR"])


@pytest.mark.django_db
def test_a_python_script_that_asks_for_files_throws_the_code_of_its_denial(play, sandbox):
    run = play(body(script("open('/etc/passwd')", "python")) + CAUGHT)

    assert run.data_at("mend")["error"] == {"code": "SCRIPT_DENIED", "element": "x"}


def test_where_there_is_no_sandbox_the_step_is_not_taken(play, monkeypatch):
    monkeypatch.setattr(calls, "pool", no_sandbox)

    with pytest.raises(ScriptError) as error:
        play(body(script("number = 8", "python")) + CAUGHT)

    assert (error.value.code, error.value.permanent) == ("SCRIPT_UNAVAILABLE", False)


def no_sandbox():
    raise NoSandbox


CAUGHT = (
    '<bpmn:boundaryEvent id="failed" attachedToRef="x"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>'
    + user("mend")
    + chain("failed", "mend", "end")
)


def test_a_script_that_fails_throws_an_error_its_boundary_catches(play):
    run = play(body(script("number")) + CAUGHT)

    assert run.open == ["mend"]
    assert run.data_at("mend")["error"] == {"code": "SCRIPT_FAILED", "element": "x"}


def test_a_script_whose_failure_nobody_catches_is_a_fault_at_the_task(play):
    with pytest.raises(EngineFault, match="names none for its result") as fault:
        play(body(script("number")))

    assert fault.value.element_id == "x"


def test_a_script_that_asks_too_much_fails(play):
    run = play(body(script("count(for a in 1..900, b in 1..900 return a)", result="n")) + CAUGHT)

    assert run.open == ["mend"]


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (script("1", "javascript"), "The script format javascript is not run"),
        (script("1", "groovy"), "The script format groovy is not run"),
        (script("1").replace(' scriptFormat="FEEL"', ""), "The script format none is not run"),
        (script(""), "has no script"),
        (script("if then"), "The script is not FEEL"),
        (script("1", result="two words"), "no variable: two words"),
        (script("x = 1", "python", result="x"), "A Python script sets variables itself"),
        (script("x = ", "python"), "The script would not run"),
    ],
)
def test_a_script_that_would_not_run_is_refused(operators, sandbox, node, words):
    problems = check_bundle(bundle(body(node)))

    assert any(each.element_id == "x" and words in each.message for each in problems), problems


def test_a_feel_script_is_accepted(operators):
    assert check_bundle(bundle(body(script("number * 2", result="twice")))) == []


def test_a_python_script_is_accepted(operators, sandbox):
    assert check_bundle(bundle(body(script(PYTHON, "python")))) == []

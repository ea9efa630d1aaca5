"""Models that mean harm, or that no engine could bear: refused with a reason, soon and without much memory."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from tests.workflows.conftest import FORM, bpmn, bundle, chain, flow, timer, user
from tests.workflows.engine.drawing import END, scope
from tests.workflows.engine.playing import Play, model_of
from workflows.checks import check_bundle
from workflows.checks.files import MOST_NODES

LONGEST_S = 5
MOST_BYTES = 60 * 2**20


@pytest.fixture
def refusal(operators):
    """What is said against a bundle, within bounds of time and memory."""

    def check(files):
        tracemalloc.start()
        begun = time.process_time()
        problems = check_bundle(files)
        taken_s, (_now, most) = time.process_time() - begun, tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert taken_s < LONGEST_S
        assert most < MOST_BYTES
        return " | ".join(map(str, problems))

    return check


def waiting(expression, word):
    edge = timer("late", expression, attached_to="a", interrupts=False, word=word)
    ends = END + '<bpmn:endEvent id="e2"/>'
    return bundle(user("a") + edge + ends + chain("start", "a", "end") + chain("late", "e2"))


def deciding(condition):
    gateway = '<bpmn:exclusiveGateway id="g" default="g-end"/>'
    body = gateway + user("a") + END + chain("start", "g") + chain("a", "end") + flow("g", "end", "", "g-end")
    return bundle(body + flow("g", "a", condition))


def called(name):
    return bundle(user(name) + END + chain("start", name, "end"))


def test_entities_that_grow_are_not_read(refusal):
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    text = bpmn(user("a") + END + chain("start", "a", "end")).replace('name="a"', 'name="&e11;"')
    bomb = f'<!DOCTYPE bomb [<!ENTITY e0 "ha">{entities}]>{text}'

    assert "Not XML" in refusal({"s.bpmn": bomb, "forms/do.json": FORM})


def test_a_document_type_is_not_read(refusal):
    text = bpmn(user("a") + END + chain("start", "a", "end"))
    assert "document type" in refusal({"s.bpmn": f'<!DOCTYPE d SYSTEM "file:///etc/passwd">{text}'})


def test_more_nodes_than_can_be_built_are_refused_by_their_number(refusal):
    steps = [f"u{number}" for number in range(5_000)]
    body = "".join(f'<bpmn:task id="{each}"/>' for each in steps)
    text = bpmn(body + END + chain("start", *steps, "end"))

    assert "5002 flow nodes" in refusal({"s.bpmn": text})


@pytest.mark.parametrize("stack", [0, 300], ids=["from a shallow stack", "from a deep stack"])
def test_as_many_nodes_as_are_accepted_are_built_and_run_from_any_stack(operators, stack):
    steps = [f"u{number}" for number in range(MOST_NODES - 2)]
    body = "".join(map(user, steps)) + END + chain("start", *steps, "end")
    assert check_bundle(bundle(body)) == []

    play = from_below(stack, lambda: Play(model_of(body), is_restored=True).complete("u0"))

    assert play.open == ["u1"]


@pytest.mark.parametrize("stack", [0, 300], ids=["from a shallow stack", "from a deep stack"])
def test_scopes_as_deep_as_are_accepted_are_built_and_run_from_any_stack(operators, stack):
    body, name = user("work"), "work"
    for depth in range((MOST_NODES - 3) // 3):
        body, name = scope(f"s{depth}", body, name), f"s{depth}"
    body += END + chain("start", name, "end")
    assert check_bundle(bundle(body)) == []

    play = from_below(stack, lambda: Play(model_of(body), is_restored=True).complete("work"))

    assert play.is_completed


def from_below(frames, act):
    return act() if frames == 0 else from_below(frames - 1, act)


def test_nesting_that_xml_does_not_bear_is_refused(refusal):
    body, name = user("work"), "work"
    for depth in range(300):
        body, name = scope(f"s{depth}", body, name), f"s{depth}"

    assert "Not XML" in refusal(bundle(body + END + chain("start", name, "end")))


@pytest.mark.parametrize("name", ["a b", "a\u202eb", "1st", "a/b", "a&#10;b", "-"])
def test_an_id_that_is_none_of_xml_schema_is_refused(refusal, name):
    assert "An id begins with a letter" in refusal(called(name))


def test_an_id_with_a_control_character_is_no_xml(refusal):
    assert "Not XML" in refusal(called("a\x01b"))


@pytest.mark.parametrize(
    "name", ["Start", "End", "Sample.EndJoin", "a.BoundaryEventSplit", "a.BoundaryEventJoin"]
)
def test_an_id_of_the_engine_itself_is_refused(refusal, name):
    assert f"{name}: The engine uses this id itself" in refusal(called(name))


def test_ids_and_names_that_no_row_holds_are_refused(refusal):
    long = called("a" * 121)
    named = called("a")
    named["sample.bpmn"] = named["sample.bpmn"].replace('name="a"', f'name="{"n" * 121}"')

    assert "An id has at most 120 characters" in refusal(long)
    assert "a: A name has at most 120 characters" in refusal(named)
    assert refusal(called("a" * 120)) == ""


@pytest.mark.parametrize(
    "expression",
    ["P1000000000W", "P365000000000D", "P36526D", f"PT{'9' * 5000}S", "9999-12-31T23:59:59-14:00", "P1Y", "P1M",
     "-PT5M", "0001-01-01T00:00:00+14:00", "2026-03-02T08:00:00", "PT", "R3/PT1H"],
)  # fmt: skip
def test_a_time_that_no_clock_tells_is_refused(refusal, expression):
    assert "late: When is a duration" in refusal(waiting(expression, "timeDuration"))


@pytest.mark.parametrize(
    "expression",
    [
        "R/PT0S",
        "R3/PT0S",
        "R0/PT1H",
        "R-1/PT1H",
        "R/PT0.001S",
        f"R{'9' * 5000}/PT1S",
        "R/P1000000000W",
        "PT5M",
    ],
)
def test_a_repetition_that_is_none_or_never_rests_is_refused(refusal, expression):
    assert "late: A repeating timer is written" in refusal(waiting(expression, "timeCycle"))


@pytest.mark.parametrize(
    "expression", ["PT0S", "P36525D", "2999-12-31T23:59:59Z", "patient_delay", "P_delay"]
)
def test_a_time_that_can_be_told_is_accepted(refusal, expression):
    assert refusal(waiting(expression, "timeDuration")) == ""


@pytest.mark.parametrize(
    "condition",
    ["(" * 290 + "1" + ")" * 290, "not " * 140 + "1", "-" * 590 + "1", "[" * 290 + "]" * 290, "a" + " and a" * 100_000,
     "9**9**9 == 1", "9" * 590 + " == 1", "a\u2028== 1"],
    ids=["parentheses", "nots", "signs", "lists", "length", "powers", "digits", "line separator"],
)  # fmt: skip
def test_an_expression_too_deep_or_too_large_is_refused(refusal, condition):
    assert "g-a: expression" in refusal(deciding(condition))


def test_a_flow_over_the_border_of_a_subprocess_is_refused(refusal):
    """BPMN 2.0.2 §7.6.1."""
    body = scope("s", user("a"), "a") + END + chain("start", "s", "end") + flow("a", "s", "", "back")

    assert "back: A flow does not cross the border of a subprocess" in refusal(bundle(body))

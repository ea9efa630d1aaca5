"""What a bundle is refused for, by name and with the element's id."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.workflows.conftest import FORM, LANE, bpmn, bundle, chain, flow, machine, message, timer, user
from workflows.checks import bundle_folders, check_bundle, check_drawing, check_processes

END = '<bpmn:endEvent id="end"/>'
ROOT = Path(__file__).resolve().parents[3] / "bpmn"


def refused(body, **options):
    return {problem.element_id: problem.message for problem in check_bundle(bundle(body, **options))}


def between(node, name="x"):
    """A process whose only step is `node`."""
    return node + END + chain("start", name, "end")


def test_a_good_process_is_accepted(operators):
    assert refused(user("ask") + machine("do") + END + chain("start", "ask", "do", "end")) == {}


@pytest.mark.parametrize("folder", bundle_folders(ROOT), ids=lambda folder: folder.name)
def test_every_process_of_ours_is_good_and_drawn_completely(folder):
    files = {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*.*")}

    assert check_bundle(files) == []
    assert check_drawing(files) == []


def test_manage_check_has_nothing_to_say_about_our_processes():
    assert check_processes() == []


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ('<bpmn:complexGateway id="x"/>', "complex gateway"),
        ('<bpmn:adHocSubProcess id="x"/>', "ad-hoc"),
        ('<bpmn:sendTask id="x"/>', "no message"),
        ('<bpmn:intermediateCatchEvent id="x"><bpmn:signalEventDefinition/></bpmn:intermediateCatchEvent>', "signal"),
        ('<bpmn:intermediateCatchEvent id="x"/>', "waits for nothing"),
        ('<bpmn:serviceTask id="x"/>', "names no operator"),
        ('<bpmn:userTask id="x"/>', "names no form"),
    ],
)  # fmt: skip
def test_what_the_engine_would_not_do_faithfully_is_refused_by_name(operators, node, words):
    problems = [str(problem) for problem in check_bundle(bundle(between(node)))]

    assert any(problem.startswith("x: ") and words in problem for problem in problems), problems


def test_an_operator_nobody_registered_is_refused(operators):
    assert refused(between(machine("x", "nobody.knows"))) == {"x": "There is no operator nobody.knows"}


def test_a_message_nobody_publishes_is_refused(operators):
    text = bpmn(between(message("x"))).replace('name="SeriesComplete"', 'name="SomethingElse"')

    problems = check_bundle({"a.bpmn": text})

    assert problems[0].element_id == "x"
    assert "No event is called SomethingElse" in problems[0].message


def test_our_own_news_cannot_be_waited_for(operators):
    text = bpmn(between(message("x"))).replace('name="SeriesComplete"', 'name="CaseChanged"')

    assert [problem.element_id for problem in check_bundle({"a.bpmn": text})] == ["x"]


@pytest.mark.parametrize(
    ("lane", "words"),
    [
        ("", "no role"),
        (LANE.replace("radiologist", "king"), "no role"),
        (LANE.replace(' site="site"', ""), "no site"),
        (LANE.replace('site="site"', 'site="open()"'), "Only these functions"),
    ],
)
def test_a_lane_without_role_or_site_is_refused(operators, lane, words):
    found = refused(between(user("x")), lane=lane)

    assert any(words in message for message in found.values()), found


def test_a_missing_form_is_refused(operators):
    assert [str(p) for p in check_bundle({"a.bpmn": bpmn(between(user("x")))})] == ["x: There is no form do"]


def test_a_form_without_chinese_is_refused(operators):
    form = json.loads(FORM)
    del form["title"]["zh-hans"], form["outcomes"]["done"]["x-i18n"]

    found = check_bundle({**bundle(between(user("x"))), "forms/do.json": json.dumps(form)})

    assert [p.message for p in found] == [
        "title has no words in zh-hans",
        "done.answer: title has no Chinese",
    ]


def gateway(default="", condition="number == 1", kind="exclusiveGateway"):
    attribute = f' default="{default}"' if default else ""
    return (
        f'<bpmn:{kind} id="g"{attribute}/>{machine("a")}{machine("b")}{END}{flow("start", "g")}'
        f"{flow('g', 'a', condition)}{flow('g', 'b', '', 'g-b')}{flow('a', 'end')}{flow('b', 'end')}"
    )


def test_a_flow_out_of_a_gateway_has_a_condition_or_is_the_default(operators):
    assert "needs a condition" in refused(gateway())["g-b"]
    assert "does not leave it" in refused(gateway(default="other"))["g"]
    assert refused(gateway(default="g-b")) == {}


def test_a_condition_outside_the_language_is_refused(operators):
    assert "g-a" in refused(gateway(default="g-b", condition="__import__('os')"))


def test_a_dead_end_is_refused(operators):
    assert "dead end" in refused(machine("x") + chain("start", "x"))["x"]


def test_an_element_nothing_leads_to_is_refused(operators):
    assert (
        "Nothing leads here"
        in refused(between(machine("x")) + machine("lost") + chain("lost", "end"))["lost"]
    )


def test_of_several_start_events_one_at_most_waits_for_nothing(operators):
    by_message = (
        '<bpmn:startEvent id="other"><bpmn:messageEventDefinition messageRef="M1"/></bpmn:startEvent>'
    )
    plain = '<bpmn:startEvent id="other"/>'
    body = between(machine("x")) + chain("other", "x")

    assert refused(by_message + body) == {}
    assert "one at most waits for nothing" in refused(plain + body)["other"]


def test_a_process_without_a_start_event_is_refused(operators):
    body = machine("x") + END + chain("x", "end")

    assert "has a start event" in refused(body, start="")["Sample"]


def test_a_subprocess_has_one_start_event(operators):
    inner = '<bpmn:startEvent id="s1"/><bpmn:startEvent id="s2"/><bpmn:endEvent id="e"/>' + chain("s1", "e")
    body = between(f'<bpmn:subProcess id="x">{inner}{chain("s2", "e")}</bpmn:subProcess>')

    assert "exactly one start event" in refused(body)["x"]


def test_a_timer_is_a_duration_or_an_expression(operators):
    assert refused(between(timer("x", "PT30M"))) == {}
    assert refused(between(timer("x", "'PT5M' if priority == 'STAT' else 'PT1H'"))) == {}
    assert "x" in refused(between(timer("x", "half an hour")))
    assert "may repeat" in refused(between(timer("x", "R3/PT1M", word="timeCycle")))["x"]


def test_an_external_entity_is_never_read(tmp_path, operators):
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    text = f'<!DOCTYPE d [<!ENTITY e SYSTEM "file://{secret}">]>' + bpmn(between(machine("x"))).replace(
        'name="x"', 'name="&e;"'
    )

    assert not any("SECRET" in problem.message for problem in check_bundle({"a.bpmn": text}))

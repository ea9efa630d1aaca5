"""Business rule tasks.  Reference: BPMN 2.0.2 §10.3.3, §13.3.3; DMN 1.5 §6.3.7."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import bundle, chain, user
from tests.workflows.engine.drawing import END
from workflows.checks import check_bundle
from workflows.engine import EngineFault


def dmn(text="number * 2", *, name="Doubled", key="d1", use=""):
    used = f'<usingTask href="sample.bpmn#{use}"/>' if use else ""
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="m" name="m" namespace="urn:test">'
        f'<inputData id="i" name="number"><variable name="number"/></inputData><decision id="{key}" name="{name}">'
        f'<variable name="{name}"/>{used}'
        '<informationRequirement id="r"><requiredInput href="#i"/></informationRequirement>'
        f"<literalExpression><text>{text}</text></literalExpression></decision></definitions>"
    )


def rule(name="Doubled", result="", argument=""):
    into = f' result="{result}"' if result else ""
    given = f'<consilium:argument name="number" value="{argument}"/>' if argument else ""
    written = f'<consilium:decision name="{name}"{into}>{given}</consilium:decision>' if name else ""
    extensions = f"<bpmn:extensionElements>{written}</bpmn:extensionElements>"
    return f'<bpmn:businessRuleTask id="x">{extensions}</bpmn:businessRuleTask>'


def body(node):
    return node + user("after") + END + chain("start", "x", "after", "end")


@pytest.mark.parametrize("name", ["Doubled", "d1"])
def test_the_decision_of_that_name_or_id_is_made_of_the_process_data(play, name):
    run = play(body(rule(name, result="twice")), files={"rules.dmn": dmn()})

    assert run.open == ["after"]
    assert run.data_at("after")["twice"] == 14
    assert run.done.count("x") == 1


def test_without_a_result_the_answer_goes_to_the_name_of_the_task(play):
    assert play(body(rule()), files={"rules.dmn": dmn()}).data_at("after")["x"] == 14


def test_arguments_are_the_inputs_of_the_decision(play):
    run = play(body(rule(argument="number + 1", result="twice")), files={"rules.dmn": dmn()})

    assert run.data_at("after")["twice"] == 16


def test_a_decision_may_say_itself_which_task_uses_it(play):
    files = {"a.dmn": dmn(use="other"), "b.dmn": dmn("number * 3", name="Tripled", use="x")}

    assert play(body(rule("")), files=files).data_at("after")["x"] == 21


def test_a_decision_that_cannot_be_made_is_an_error_at_the_task(play):
    failed = (
        '<bpmn:boundaryEvent id="failed" attachedToRef="x"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>'
        + user("mend")
        + chain("failed", "mend", "end")
    )
    files = {"rules.dmn": dmn("number + site")}

    assert play(body(rule()) + failed, {"number": "seven"}, files={"rules.dmn": dmn()}).open == ["mend"]
    with pytest.raises(EngineFault) as fault:
        play(body(rule()), files=files)
    assert fault.value.element_id == "x"


@pytest.mark.parametrize(
    ("node", "files", "words"),
    [
        (rule(), {}, "No .dmn file of the bundle has a decision Doubled"),
        (rule("Other"), {"rules.dmn": dmn()}, "No .dmn file of the bundle has a decision Other"),
        (rule(), {"a.dmn": dmn(), "b.dmn": dmn()}, "more than one decision Doubled: in a.dmn, b.dmn"),
        (rule(""), {"a.dmn": dmn()}, "No .dmn file of the bundle has a decision that says it is used"),
        (rule(), {"a.dmn": dmn("number *")}, "A .dmn file of the bundle is refused"),
        (rule(), {"a.dmn": "<nothing"}, "A .dmn file of the bundle is refused"),
        (rule(argument="open()"), {"a.dmn": dmn()}, "argument number: Only these functions"),
        (rule(result="a b"), {"a.dmn": dmn()}, "no variable: a b"),
    ],
)
def test_a_rule_that_could_not_be_followed_is_refused(operators, node, files, words):
    problems = check_bundle({**bundle(body(node)), **files})

    assert any(each.element_id == "x" and words in each.message for each in problems), problems


def test_a_business_rule_is_accepted(operators):
    assert check_bundle({**bundle(body(rule())), "rules.dmn": dmn()}) == []

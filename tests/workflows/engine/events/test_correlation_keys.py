"""Correlation in BPMN's own words: keys, properties, subscriptions (BPMN 2.0.2 §8.4.2)."""

from __future__ import annotations

from tests.workflows.conftest import bpmn, bundle, chain
from tests.workflows.engine.drawing import END, catch, throw
from workflows.checks import check_bundle
from workflows.engine import ProcessModel

PROPERTIES = "".join(
    f'<bpmn:correlationProperty id="{name}"><bpmn:correlationPropertyRetrievalExpression messageRef="M3">'
    f"<bpmn:messagePath>{path}</bpmn:messagePath></bpmn:correlationPropertyRetrievalExpression></bpmn:correlationProperty>"
    for name, path in (("Order", "order.number"), ("Part", "part"))
)
KEY = (
    '<bpmn:collaboration id="c"><bpmn:correlationKey id="K"><bpmn:correlationPropertyRef>Order'
    "</bpmn:correlationPropertyRef><bpmn:correlationPropertyRef>Part</bpmn:correlationPropertyRef>"
    "</bpmn:correlationKey></bpmn:collaboration>"
)
SUBSCRIPTION = (
    '<bpmn:correlationSubscription id="sub" correlationKeyRef="K">'
    '<bpmn:correlationPropertyBinding correlationPropertyRef="Order"><bpmn:dataPath>mine</bpmn:dataPath>'
    "</bpmn:correlationPropertyBinding>"
    '<bpmn:correlationPropertyBinding correlationPropertyRef="Part"><bpmn:dataPath>number + 1</bpmn:dataPath>'
    "</bpmn:correlationPropertyBinding></bpmn:correlationSubscription>"
)
ARGUMENTS = (
    '<consilium:message><consilium:argument name="order" value="order"/>'
    '<consilium:argument name="part" value="number"/></consilium:message>'
)
SENDS = throw("tell", "message", extension=ARGUMENTS) + END + chain("start", "tell", "end")
WAITS = catch("wait", "message") + END + chain("start", "wait", "end")


def keyed(text, subscription=""):
    return text.replace("<bpmn:process", f"{PROPERTIES}{KEY}<bpmn:process").replace(
        "</bpmn:process>", f"{subscription}</bpmn:process>"
    )


def test_the_key_of_a_thrown_message_is_in_its_payload(play):
    model = ProcessModel.from_text(keyed(bpmn(SENDS)))

    process = play(model, {"order": {"number": "A1"}})

    assert [(each.name, each.key) for each in process.thrown] == [("ResultReady", "A1|7")]


def test_the_key_waited_for_is_in_the_data_of_the_case(play):
    model = ProcessModel.from_text(keyed(bpmn(WAITS), SUBSCRIPTION))

    process = play(model, {"mine": "A1"})

    assert process.wait("wait").key == "A1|8"


def test_both_ends_are_accepted_and_one_without_a_subscription_is_refused(operators):
    def refused(body, subscription=""):
        files = bundle(body)
        files["sample.bpmn"] = keyed(files["sample.bpmn"], subscription)
        return [(problem.element_id, problem.message) for problem in check_bundle(files)]

    assert refused(SENDS) == []
    assert refused(WAITS, SUBSCRIPTION) == []
    assert refused(WAITS) == [
        ("wait", "The process has no correlation subscription that says which message is waited for")
    ]


def test_a_path_in_another_language_is_refused():
    files = bundle(SENDS)
    text = keyed(files["sample.bpmn"])
    files["sample.bpmn"] = text.replace("messagePath>part", 'messagePath language="juel">part')

    assert [each.message for each in check_bundle(files)] == [
        "An expression in juel is not evaluated; ours is urn:consilium:expression, or python"
    ]

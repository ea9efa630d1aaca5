"""Data objects and associations.  Reference: BPMN 2.0.2 §10.4.1."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import bundle, chain, flow, message, timer, user
from tests.workflows.engine.data_objects import ORDER, reads, writes
from tests.workflows.engine.drawing import END, marked, multi, scope
from workflows.checks import check_bundle, remarks_on
from workflows.engine import EngineFault

SECOND = "<bpmn:sourceRef>D2</bpmn:sourceRef>"


def test_what_one_branch_writes_another_branch_reads(play):
    gateways = '<bpmn:parallelGateway id="s"/><bpmn:parallelGateway id="j"/>'
    body = (
        ORDER + gateways + marked(user("a"), writes("a.answer")) + user("b") + marked(user("c"), reads()) + END
        + chain("start", "s", "a", "j", "end") + chain("s", "b", "c", "j")
    )  # fmt: skip
    run = play(body)

    run.complete("a", a={"answer": 42}).complete("b")

    assert run.data_at("c")["Study_order"] == 42
    run.complete("c")
    assert run.is_completed


def test_an_object_may_be_named_in_conditions_without_an_association(play):
    body = (
        ORDER + marked(user("a"), writes("a.answer")) + '<bpmn:exclusiveGateway id="g" default="g-no"/>' + user("yes")
        + user("no") + END + chain("start", "a", "g") + flow("g", "yes", "Study_order == 'CT'")
        + flow("g", "no", "", "g-no") + chain("yes", "end") + chain("no", "end")
    )  # fmt: skip

    assert play(body).complete("a", a={"answer": "CT"}).open == ["yes"]
    assert play(body).complete("a", a={"answer": "MR"}).open == ["no"]


def test_without_a_transformation_what_the_task_brought_is_written(play):
    body = (
        ORDER
        + marked(user("a"), writes())
        + marked(user("b"), reads())
        + END
        + chain("start", "a", "b", "end")
    )

    run = play(body).complete("a", a={"outcome": "done"})

    assert run.data_at("b")["Study_order"] == {"outcome": "done"}


def test_inputs_and_outputs_of_an_activity_give_the_value_another_name(play):
    body = (
        ORDER + marked(user("a"), writes(name="result")) + marked(user("b"), reads(name="order")) + user("c") + END
        + chain("start", "a", "b", "c", "end")
    )  # fmt: skip

    run = play(body, {"order": "mine"}).complete("a", result="written")
    assert run.data_at("b")["order"] == "written"

    run.complete("b", order="changed")
    assert run.data_at("c")["order"] == "mine"


def test_an_activity_that_is_interrupted_leaves_the_variable_its_input_took(play):
    """§10.4.2: what a data input is given is the activity's own."""
    node = marked(user("x"), reads(name="order") + multi(sequential=True, cardinality="2"))
    run = play(
        ORDER + marked(user("w"), writes("w_answer")) + node + timer("late", "PT1H", attached_to="x") + user("mend")
        + END + chain("start", "w", "x", "end") + chain("late", "mend", "end"),
        {"order": "mine"},
    ).complete("w", w_answer="the object's")  # fmt: skip
    assert run.data_at("x")["order"] == "the object's"
    run.complete("x", found=1)

    run.fire("late")

    assert (run.data_at("mend")["order"], run.data_at("mend")["found"]) == ("mine", 1)


def test_an_activity_with_inputs_keeps_every_other_variable(play):
    run = play(
        ORDER + marked(user("a"), reads(name="order")) + user("b") + END + chain("start", "a", "b", "end")
    )

    run.complete("a", kept=1)

    assert (run.data_at("b")["kept"], run.data_at("b")["number"]) == (1, 7)


def test_nothing_to_write_is_a_fault_at_the_activity(play):
    run = play(ORDER + marked(user("a"), writes()) + END + chain("start", "a", "end"))

    with pytest.raises(EngineFault, match="Study_order") as fault:
        run.complete("a")

    assert fault.value.element_id == "a"


def test_each_instance_of_a_subprocess_has_objects_of_its_own(play):
    inside = (
        '<bpmn:dataObject id="D2" name="mine"/>'
        + marked(user("a"), writes("a.answer", "D2"))
        + marked(user("b"), reads(source="D2"))
    )
    run = play(
        scope("x", inside, "a", "b", markers=multi(cardinality="2")) + END + chain("start", "x", "end")
    )

    run.complete("a", 0, a={"answer": 1}).complete("a", 0, a={"answer": 2})

    assert [run.data_at("b", at)["mine"] for at in range(2)] == [1, 2]


def test_a_subprocess_writes_the_object_of_the_process_around_it(play):
    body = (
        ORDER + scope("x", marked(user("a"), writes("a.answer")), "a") + marked(user("b"), reads()) + END
        + chain("start", "x", "b", "end")
    )  # fmt: skip

    assert play(body).complete("a", a={"answer": "in"}).data_at("b")["Study_order"] == "in"


def test_a_collection_may_be_a_data_object(play):
    node = marked(user("x"), reads() + multi(collection="R1", item="one", output="out", output_item="answer"))
    body = (
        ORDER
        + marked(user("a"), writes("a.list"))
        + node
        + user("b")
        + END
        + chain("start", "a", "x", "b", "end")
    )

    run = play(body).complete("a", a={"list": ["p", "q"]})
    assert run.open == ["x", "x"]
    run.complete("x", 1, answer="Q").complete("x", answer="P")

    assert run.data_at("b")["out"] == ["P", "Q"]


def test_results_may_be_collected_in_a_data_object(play):
    marker = multi(cardinality="2", output="R1", output_item="answer")
    body = (
        ORDER + scope("x", marked(user("a"), marker), "a") + user("b") + END
        + '<bpmn:exclusiveGateway id="g" default="g-b"/><bpmn:endEvent id="e2"/>' + chain("start", "x", "g")
        + flow("g", "e2", "Study_order[1] == 'P'") + flow("g", "b", "", "g-b") + chain("b", "end")
    )  # fmt: skip

    run = play(body).complete("a", 1, answer="Q").complete("a", answer="P")

    assert run.open == ["b"]
    assert run.run.end_data["Study_order"] == ["P", "Q"]


@pytest.mark.parametrize(
    ("extra", "node", "words"),
    [
        (
            '<bpmn:dataObjectReference id="R9" dataObjectRef="D9"/>',
            user("x"),
            "R9: The reference leads to no data",
        ),
        ('<bpmn:dataObject id="D9" name="9"/>', user("x"), "D9: A data object needs a name"),
        (
            '<bpmn:dataObject id="D9" name="Study order"/>',
            user("x"),
            "D9: Two data objects are called Study_order",
        ),
        ("", marked(user("x"), reads(source="R9")), "x: A data association begins or ends at no data object"),
        (
            "",
            marked(user("x"), writes("1", target="R9")),
            "x: A data output association leads to no data object",
        ),
        ("", marked(user("x"), writes("open()")), "x: transformation: Only these functions"),
        (
            "",
            marked(message("x"), writes()),
            "x: A data association is not supported here, at the intermediateCatchEvent",
        ),
        (
            "",
            marked(user("x"), reads().replace("</bpmn:dataInput", "<bpmn:assignment/></bpmn:dataInput")),
            "x: An assignment in a data association is not supported",
        ),
        (
            '<bpmn:dataObject id="D2" name="second"/>',
            marked(
                user("x"),
                reads().replace("<bpmn:sourceRef>", f"{SECOND}<bpmn:sourceRef>"),
            ),
            "x: A data association of several sources needs a transformation",
        ),
    ],
)
def test_data_that_leads_nowhere_is_refused(operators, extra, node, words):
    problems = [
        str(each) for each in check_bundle(bundle(ORDER + extra + node + END + chain("start", "x", "end")))
    ]

    assert any(each.startswith(words) for each in problems), problems


STORE = '<bpmn:dataStoreReference id="S" name="Image archive"/>'


def test_a_data_store_beside_a_step_is_shown_and_changes_nothing(play, operators):
    """§10.4.1: an association tells readers of a store; only a data association moves data."""
    body = (
        STORE + user("x") + '<bpmn:association id="A" sourceRef="x" targetRef="S"/>' + END
        + chain("start", "x", "end")
    )  # fmt: skip
    assert check_bundle(bundle(body)) == []

    process = play(body).complete("x")

    assert process.is_completed
    assert process.done == ["start", "x", "end"]


PLACEHOLDER = (
    '<bpmn:property id="P" name="__targetRef_placeholder"/><bpmn:dataInputAssociation>'
    "<bpmn:sourceRef>S</bpmn:sourceRef><bpmn:targetRef>P</bpmn:targetRef></bpmn:dataInputAssociation>"
)
"""A line from a data store to an activity, as bpmn.io writes it."""


@pytest.mark.parametrize(
    "link", [PLACEHOLDER, reads(source="S"), writes(target="S")], ids=["bpmn.io", "read", "written"]
)
def test_a_line_between_a_step_and_a_data_store_is_told_of_and_changes_nothing(play, operators, link):
    body = STORE + marked(user("x"), link) + user("after") + END + chain("start", "x", "after", "end")
    assert check_bundle(bundle(body)) == []
    assert [str(each) for each in remarks_on(bundle(body))] == [
        "x: Is drawn only: no data go to or from the data store Image archive by themselves"
    ]

    process = play(body)
    assert process.data_at("x") == {"site": "provincial", "number": 7}
    process.complete("x", found=1)

    assert process.data_at("after") == {"site": "provincial", "number": 7, "found": 1}


@pytest.mark.parametrize(
    "link",
    [
        reads(source="S", name="order"), writes(target="S", name="order"), reads("number + 1", source="S"),
        writes("number", target="S"),
        reads(source="S").replace("</bpmn:dataInput", "<bpmn:assignment/></bpmn:dataInput"),
    ],
    ids=["read by name", "written by name", "read transformed", "written transformed", "assigned"],
)  # fmt: skip
def test_a_data_store_that_data_should_flow_to_or_from_is_refused(operators, link):
    body = STORE + marked(user("x"), link) + END + chain("start", "x", "end")

    assert [str(each) for each in check_bundle(bundle(body))] == [
        "x: No data go to or from the data store Image archive by themselves; a service task brings them"
    ]


def test_a_data_object_is_accepted(operators):
    body = ORDER + marked(user("x"), reads() + writes("x.answer")) + END + chain("start", "x", "end")

    assert check_bundle(bundle(body)) == []

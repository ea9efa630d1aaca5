"""The gate of deployment as a whole: lines, all problems at once, and nothing that is silently ignored."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import HEAD, bpmn, bundle, chain, flow, machine
from workflows.checks import check_bundle
from workflows.diagram import read_diagram
from workflows.diagram.loops import MultiInstance, StandardLoop

END = '<bpmn:endEvent id="end"/>'
CAMUNDA = 'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'


def problems(text):
    return check_bundle({"a.bpmn": text})


def refused(body, **options):
    return {problem.element_id: problem.message for problem in check_bundle(bundle(body, **options))}


def step(attributes="", inside=""):
    """A process whose only step `x` is a service task with more written on or in it."""
    node = machine("x").replace("<bpmn:serviceTask ", f"<bpmn:serviceTask {attributes} ")
    return (
        node.replace("</bpmn:serviceTask>", f"{inside}</bpmn:serviceTask>") + END + chain("start", "x", "end")
    )


def test_a_problem_tells_the_line_of_its_element(operators):
    text = bpmn(step()).replace("<bpmn:serviceTask", "\n\n<bpmn:serviceTask").replace("test.step", "no.such")

    assert [(p.element_id, p.line) for p in problems(text)] == [("x", 3)]


def test_all_problems_of_a_file_are_told_in_its_order(operators):
    body = (
        '\n<bpmn:scriptTask id="a"/>\n<bpmn:complexGateway id="b"/>\n<bpmn:adHocSubProcess id="c"/>'
        + END
        + chain("start", "a", "b", "c", "end")
    )

    found = [problem.element_id for problem in problems(bpmn(body))]

    assert list(dict.fromkeys(found)) == ["a", "b", "c"]


def test_a_file_whose_processes_are_not_executable_is_checked_all_the_same(operators):
    text = bpmn(step()).replace('isExecutable="true"', 'isExecutable="false"').replace("test.step", "no.such")

    assert {p.element_id: p.message for p in problems(text)} == {
        "Sample": "The process is not marked executable (isExecutable)",
        "x": "There is no operator no.such",
    }


def test_a_process_beside_the_executable_one_only_tells_of_a_partner(operators):
    text = bpmn(step()).replace(
        "</bpmn:definitions>",
        '<bpmn:process id="Partner"><bpmn:task id="theirs"/></bpmn:process></bpmn:definitions>',
    )

    assert problems(text) == []


def test_two_executable_processes_are_refused(operators):
    other = '<bpmn:process id="Other" isExecutable="true"/></bpmn:definitions>'

    found = {str(p) for p in problems(bpmn(step()).replace("</bpmn:definitions>", other))}

    assert "Other: A file has one executable process; this is another one" in found


@pytest.mark.parametrize("word", ["choreography", "globalConversation"])
def test_a_choreography_or_conversation_is_refused_by_name(operators, word):
    text = bpmn(step()).replace("<bpmn:process", f'<bpmn:{word} id="other"/><bpmn:process', 1)

    assert {p.element_id: p.message for p in problems(text)} == {
        "other": f"A {word} is kept and shown, but never run"
    }


def test_an_id_that_stands_in_the_file_twice_is_refused(operators):
    assert refused(step() + '<bpmn:textAnnotation id="x"/>') == {"x": "This id stands in the file twice"}


@pytest.mark.parametrize(
    ("attributes", "inside", "words"),
    [
        ('startQuantity="2"', "", 'startQuantity="2" is not supported'),
        ('completionQuantity="3"', "", 'completionQuantity="3" is not supported'),
        ('implementation="http://example.org"', "", 'implementation="http://example.org" is not supported'),
        ('colour="red"', "", "The attribute colour is not read"),
        (f'{CAMUNDA} camunda:asyncBefore="true"', "", "camunda:asyncBefore is for another engine and is not read"),
        ("", '<bpmn:property id="x.p"/>', "property is not read"),
        ("", '<bpmn:resourceRole id="x.r"/>', "Who does it is said by the lane, not by a resource role"),
    ],
)  # fmt: skip
def test_what_would_be_ignored_is_named(operators, attributes, inside, words):
    assert words in refused(step(attributes, inside)).values()


def test_what_is_written_for_another_engine_into_extensions_is_named(operators):
    inside = f'<camunda:inputOutput {CAMUNDA} xmlns:z="http://camunda.org/schema/zeebe/1.0"/><z:taskDefinition xmlns:z="http://camunda.org/schema/zeebe/1.0"/>'
    text = bpmn(step()).replace("<consilium:operator", f"{inside}<consilium:operator", 1)

    assert [p.message for p in problems(text)] == [
        "camunda:inputOutput is for another engine and is not read",
        "zeebe:taskDefinition is for another engine and is not read",
    ]


def test_extensions_that_only_describe_are_left_alone(operators):
    inside = '<looks:shape xmlns:looks="http://example.org/looks" rounded="true"/>'

    assert problems(bpmn(step()).replace("<consilium:operator", f"{inside}<consilium:operator", 1)) == []


def test_an_extension_that_must_be_understood_is_refused(operators):
    """BPMN 2.0.2 §8.2.3: mustUnderstand."""
    text = bpmn(step()).replace(
        "<bpmn:process",
        '<bpmn:extension id="ext" mustUnderstand="true" definition="their:words"/><bpmn:process',
        1,
    )

    assert [(p.element_id, p.message) for p in problems(text)] == [
        ("ext", "The file demands that their:words is understood, and it is not")
    ]


@pytest.mark.parametrize(
    ("written", "misspelt", "words"),
    [
        ("<consilium:operator name", "<consilium:operator nmae", "consilium:operator has no attribute nmae"),
        ("consilium:argument", "consilium:argumnt", "consilium:argumnt is not an extension of ours"),
    ],
)
def test_a_misspelt_extension_of_ours_is_named(operators, written, misspelt, words):
    text = bpmn(step()).replace(written, misspelt)

    assert words in [p.message for p in problems(text)]


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ('<bpmn:receiveTask id="r" messageRef="M9"/>', "messageRef names M9, which is not there"),
        (
            '<bpmn:endEvent id="r"><bpmn:errorEventDefinition errorRef="tns:E9"/></bpmn:endEvent>',
            "errorRef names tns:E9, which is not there",
        ),
        (
            '<bpmn:endEvent id="r"><bpmn:signalEventDefinition signalRef="S9"/></bpmn:endEvent>',
            "signalRef names S9, which is not there",
        ),
        ('<bpmn:boundaryEvent id="r" attachedToRef="nobody"/>', "attachedToRef names nobody, which is not there"),
    ],
)  # fmt: skip
def test_a_reference_to_what_is_not_there_is_refused(operators, node, words):
    assert words in [problem.message for problem in problems(bpmn(step() + node))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no xml", "Not XML"),
        ("<a/>", "Not a BPMN 2.0 file"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type declaration"),
        (f"{HEAD}</bpmn:definitions>", "The file holds no process"),
    ],
)
def test_what_is_no_model_at_all_is_refused(text, words):
    assert words in " ".join(problem.message for problem in problems(text))


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("http://www.w3.org/1999/XPath", "An expression in http://www.w3.org/1999/XPath is not evaluated"),
        ("https://www.omg.org/spec/DMN/20191111/FEEL/", "An expression in https://www.omg.org/spec/DMN"),
    ],
)
def test_an_expression_in_another_language_is_refused(operators, language, message):
    condition = f'<bpmn:loopCondition language="{language}">number == 1</bpmn:loopCondition>'
    loop = f"<bpmn:standardLoopCharacteristics>{condition}</bpmn:standardLoopCharacteristics>"
    text = bpmn(step().replace("</bpmn:serviceTask>", f"{loop}</bpmn:serviceTask>"))

    assert any(each.message.startswith(message) for each in problems(text))
    ours = text.replace(language, "urn:consilium:expression")
    assert problems(ours) == []


def test_a_file_whose_expressions_are_all_in_another_language_is_refused(operators):
    condition = "<bpmn:loopCondition>a</bpmn:loopCondition>"
    loop = f"<bpmn:standardLoopCharacteristics>{condition}</bpmn:standardLoopCharacteristics>"
    text = bpmn(step().replace("</bpmn:serviceTask>", f"{loop}</bpmn:serviceTask>"))
    groovy = text.replace(
        "<bpmn:definitions ", '<bpmn:definitions expressionLanguage="http://groovy.codehaus.org/" '
    )
    plain = text.replace(
        "<bpmn:definitions ", '<bpmn:definitions expressionLanguage="http://www.w3.org/1999/XPath" '
    )

    assert "An expression in http://groovy.codehaus.org/" in problems(groovy)[0].message
    assert problems(plain) == []


@pytest.mark.parametrize("no", ["false", "0", " 0 "])
@pytest.mark.parametrize("yes", ["true", "1", "\n1"])
def test_yes_and_no_are_read_as_xml_writes_them(yes, no):
    """XML Schema Part 2 §3.2.2: true, false, 1 and 0, with white space around them or not."""
    text = bpmn(
        f"""<bpmn:subProcess id="on" triggeredByEvent="{yes}"><bpmn:startEvent id="begin" isInterrupting="{no}"/>
        </bpmn:subProcess><bpmn:boundaryEvent id="edge" attachedToRef="x" cancelActivity="{yes}"/>
        <bpmn:boundaryEvent id="beside" attachedToRef="x" cancelActivity="{no}"/>
        <bpmn:userTask id="x" isForCompensation="{yes}"><bpmn:multiInstanceLoopCharacteristics isSequential="{yes}"/>
        </bpmn:userTask><bpmn:userTask id="y"><bpmn:standardLoopCharacteristics testBefore="{yes}"/></bpmn:userTask>
        <bpmn:intermediateThrowEvent id="t"><bpmn:compensateEventDefinition waitForCompletion="{yes}"/>
        </bpmn:intermediateThrowEvent>"""
    )
    read = read_diagram(text).elements
    loops = (read["x"].loop, read["y"].loop)

    assert (read["on"].is_event_subprocess, read["begin"].is_interrupting) == (True, False)
    assert (read["edge"].is_interrupting, read["beside"].is_interrupting) == (True, False)
    assert isinstance(loops[0], MultiInstance)
    assert isinstance(loops[1], StandardLoop)
    assert (loops[0].is_sequential, loops[1].test_before) == (True, True)
    assert (read["x"].is_compensation_handler, read["t"].triggers[0].waits) == (True, True)


def test_what_says_neither_yes_nor_no_is_refused(operators):
    body = step(inside='<bpmn:multiInstanceLoopCharacteristics isSequential="yes"/>')

    assert 'isSequential="yes" is not supported' in [each.message for each in problems(bpmn(body))]


def test_a_comment_in_an_expression_ends_nothing():
    """XML 1.0 §2.5: comments are no part of the text around them."""
    text = bpmn(flow("a", "b", "number &gt; 5 <!-- as agreed --> and number &gt; 100"))

    (found,) = read_diagram(text).flows
    assert found.condition == "number > 5  and number > 100"

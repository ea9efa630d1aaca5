"""What a table could be written to do to the server: refused, or ended, within seconds and within memory."""

from time import monotonic
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import InvalidInput
from tests.workflows.decisions.conftest import decision_file, literal
from workflows.decisions import DecisionTooCostly, Limits, Outcome, load_decisions
from workflows.decisions.feel.functions import BUILTINS
from workflows.decisions.limits import ERRORS_KEPT, STEPS_BETWEEN_LOOKS_AT_THE_CLOCK, Run

WITHIN_S = 20.0
BOMB = """<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">{}]><definitions id="&j;"/>""".format(
    "".join(
        f'<!ENTITY {name} "{f"&{inner};" * 10}">'
        for inner, name in zip("abcdefghi", "bcdefghij", strict=True)
    )
)


@pytest.fixture(autouse=True)
def in_bounded_time():
    started = monotonic()
    yield
    assert monotonic() - started < WITHIN_S


def decide(text: str, **values):
    return load_decisions(literal(text)).decide("it", values)


@pytest.mark.parametrize(
    "xml",
    [
        BOMB.encode(),
        BOMB.encode("utf-16"),
        b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><definitions/>',
        b'<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]><definitions>&e;</definitions>',
        b"<definitions>" * 100_000,
        b"\x00\xff\xfe not xml",
        b"",
        b"<definitions/>",
        b" " * (3 << 20),
        decision_file("<a>" * 100 + "</a>" * 100),
        decision_file("<a/>" * 70_000),
    ],
    ids=[
        "entities", "entities in UTF-16", "external subset", "external entity", "open tags", "garbage",
        "nothing", "not DMN", "too large", "too deep", "too many",
    ],
)  # fmt: skip
def test_a_hostile_file_is_refused(xml):
    with pytest.raises(InvalidInput):
        load_decisions(xml)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5_000 + "1" + ")" * 5_000,
        "[" * 4_000,
        "-" * 9_000 + "1",
        "1" + "+1" * 4_000,
        "x" + ".y" * 4_000,
        "if true then " * 700 + "1",
        "{a:" * 3_000,
        "a" + " " * 9_000 + "b",
        "f(" + "a " * 4_900 + ")",
        "1" * 20_000,
        "1e99999",
        "not(" * 2_000,
        '"' + "\\u0041" * 1_500,
    ],
    ids=lambda text: text[:12],
)
def test_a_hostile_expression_is_refused_when_it_is_read(text):
    with pytest.raises(InvalidInput):
        load_decisions(literal(text))


@pytest.mark.parametrize(
    "text",
    [
        "for a in 1..1000000000 return a",
        "for a in 1..1000, b in 1..1000, c in 1..1000 return 1",
        "count(for a in 1..10000000000000000000000000000000000000000 return 1)",
        "every a in 1..100000 satisfies some b in 1..100000 satisfies b >= 90000",
        "{f: function(x) f(x + 1), r: f(1)}.r",
        "{f: function(g) g(g), r: f(f)}.r",
        ("{a: [1, 1], b: [a, a], c: [b, b], d: [c, c], e: [d, d], f: [e, e], g: [f, f], h: [g, g], i: [h, h],"
        " j: [i, i], k: [j, j], l: [k, k], m: [l, l], n: [m, m], o: [n, n], p: [o, o], q: [p, p],"
        " r: string([q, q, q, q, q, q, q, q])}.r"),
        "flatten(for a in 1..1000 return (for b in 1..1000 return b))",
        "sort(for a in 1..100000 return a, function(x, y) x > y)",
        "distinct values(for a in 1..100000 return a)",
        "{x: for a in 1..5000 return a, r: distinct values(for a in 1..5000 return x)}.r",
        "{x: for a in 1..5000 return a, r: index of(for a in 1..5000 return x, x)}.r",
        "{x: for a in 1..5000 return a, r: list contains(for a in 1..5000 return x, x)}.r",
        "{x: for a in 1..5000 return a, r: every a in 1..5000 satisfies x = x}.r",
        "{x: {y: for a in 1..5000 return a}, r: x in (for a in 1..5000 return x)}.r",
        ("{a: [1, 1], b: [a, a], c: [b, b], d: [c, c], e: [d, d], f: [e, e], g: [f, f], h: [g, g], i: [h, h],"
        " j: [i, i], k: [j, j], l: [k, k], m: [l, l], n: [m, m], o: [n, n], p: [o, o], q: [p, p], r: 2 in q}.r"),
        ('{c: context(for a in 1..5000 return {key: string(a), value: a}),'
        ' r: count(for a in 1..5000 return context put(c, "key", a))}.r'),
        "string length(string(for a in 1..15000 return 1e6000))",
    ],
    ids=lambda text: text[:40],
)  # fmt: skip
def test_a_costly_decision_is_ended(text):
    with pytest.raises(DecisionTooCostly):
        decide(text)


@pytest.mark.parametrize(
    "text",
    [
        "9 ** 99999999",
        "10 ** 6145",
        "exp(100000)",
        "1e6000 * 1e6000",
        'duration("P999999999D") * 1000000',
        'date("9999-12-31") + duration("P1D")',
        'date("0001-01-01") - duration("P1D")',
        'abs(duration("P999999999D")) * 2',
        "decimal(1, 10000)",
        'substring("abc", 1e30)',
        "[1, 2][1e6000]",
        'matches("a", "(")',
        "{a: 1}.__class__",
        'get value({a: 1}, "__class__")',
    ],
)
def test_a_value_that_cannot_be_is_null(text):
    assert decide(text).value is None


def test_a_pattern_that_would_backtrack_for_ever_is_linear():
    assert decide('matches(x, "^(a+)+$")', x="a" * 50_000 + "b").value is False


def test_texts_that_would_multiply_are_denied_before_they_are_made():
    """Half a million letters at most come of any of these; written out they would be gigabytes."""
    long, longer = "a" * 45_000, "b" * 45_000
    assert decide('replace(x, "a", y)', x=long, y=longer).value is None
    assert (
        decide('replace(x, "(a)", "$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1")', x=long).value
        is None
    )
    assert decide('replace(x, "b*", y)', x=long, y=longer).value is None
    for text in ("string(for a in 1..15000 return x)", "for a in 1..15000 return x"):
        with pytest.raises(DecisionTooCostly):
            decide(text, x=long)


@pytest.mark.parametrize("function", ['matches(x, "{}")', 'replace(x, "{}", "b")', 'split(x, "{}")'])
@pytest.mark.parametrize("pattern", ["(a|a)*$", "(a*)*b", "(.*a){20}$", "((a+)+)+$"])
def test_no_pattern_backtracks_for_ever(function, pattern):
    began = monotonic()
    decide(function.format(pattern), x="a" * 20_000 + "c")
    assert monotonic() - began < 5


TOKENS = [
    *("1", "2.5", "-", "+", "*", "/", "**", "(", ")", "[", "]", "{", "}", ",", ":", ".", "..", '"a"', '"', "?"),
    *("x", "null", "true", "and", "or", "if", "then", "else", "for", "in", "return", "some", "satisfies"),
    *("between", "instance of", "function", "not", '@"PT1H"', "=", "!=", "<", ">=", "a:", "//", "/*", ".year"),
    *(f"{name}(" for name in BUILTINS),
]  # fmt: skip
ARGUMENTS = [
    *("1", "-2.5", '"a"', "null", "true", "[1, 2]", "[]", "{a: 1}", "[1..3]", "(> 5)", "function(a, b) a < b"),
    *('@"2020-01-01"', '@"10:00:00Z"', '@"2020-01-01T10:00:00"', '@"PT1H"', '@"P1M"', "1e6000", "-1e6144"),
]  # fmt: skip


COMPARING = ("=", "!=", "<", ">=", "in")
TIGHT = Limits(steps=20_000, depth=20, seconds=60.0, items=5_000)
MOST_STEPS = TIGHT.steps + STEPS_BETWEEN_LOOKS_AT_THE_CLOCK + TIGHT.items // 16 + 1
TOO_COSTLY = DecisionTooCostly.default_code


def came_of(text: str, **values) -> Outcome | str:
    """What a decision comes to, or the code it is refused with; in no case does it take more steps than it may."""
    runs: list[Run] = []

    def counted(limits: Limits) -> Run:
        runs.append(Run(limits))
        return runs[-1]

    came: Outcome | str
    with patch("workflows.decisions.model.Run", counted):
        try:
            came = load_decisions(literal(text)).decide("it", values, limits=TIGHT)
        except InvalidInput as refusal:
            came = refusal.code
    assert sum(run.spent for run in runs) <= MOST_STEPS
    assert all(len(run.errors) <= ERRORS_KEPT for run in runs)
    return came


@given(tokens=st.lists(st.sampled_from(TOKENS), max_size=12))
def test_any_text_is_decided_or_refused_by_code(tokens):
    came = came_of(" ".join(tokens), x=1)

    assert isinstance(came, Outcome) or came in {"DECISION_INVALID", TOO_COSTLY}


@given(name=st.sampled_from(sorted(BUILTINS)), arguments=st.lists(st.sampled_from(ARGUMENTS), max_size=4))
@settings(max_examples=300)
def test_any_arguments_of_a_function_give_a_value_or_null(name, arguments):
    came = came_of(f"{name}({', '.join(arguments)})")

    assert isinstance(came, Outcome) or came == TOO_COSTLY


@given(
    left=st.sampled_from(ARGUMENTS),
    operator=st.sampled_from(["+", "-", "*", "/", "**", "=", "!=", "<", ">=", "and", "or", "in"]),
    right=st.sampled_from(ARGUMENTS),
)
@settings(max_examples=300)
def test_any_operands_of_an_operator_give_a_value_or_null(left, operator, right):
    came = came_of(f"{left} {operator} {right}")

    assert isinstance(came, Outcome) or came == TOO_COSTLY
    if operator in COMPARING and isinstance(came, Outcome) and not left.startswith("function"):
        assert came.value in (True, False, None)


def test_no_name_of_python_is_a_name_of_feel():
    for name in ("__import__", "open", "eval", "frame", "self", "os"):
        assert decide(f'{name}("x")').value is None


def test_a_decision_is_ended_at_the_step_its_limits_state():
    assert came_of("count(for a in 1..4000 return a)") != TOO_COSTLY
    assert came_of("for a in 1..100, b in 1..400 return a * b") == TOO_COSTLY


def test_facts_may_not_be_deeper_than_facts_are():
    fact: object = 1
    for _level in range(100):
        fact = [fact]

    with pytest.raises(InvalidInput):
        decide("x", x=fact)


def test_the_clock_ends_what_steps_do_not():
    model = load_decisions(literal("count(for a in 1..100000 return a)"))

    with pytest.raises(DecisionTooCostly, match="longer"):
        model.decide("it", {}, limits=Limits(seconds=0.0))

"""FEEL expressions: examples of the specification and what arithmetic says."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.decisions.conftest import feel_outcome
from workflows.decisions import load_decisions
from workflows.decisions.feel.values import YearsMonths

D = Decimal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1 + 0.2 = 0.3", True),  # decimal, not binary
        ("1 / 3 * 3 = 1", False),  # 34 digits: DMN 1.5 §10.3.2.3.1
        ("-5 ** 2", D(25)),  # negation binds tighter: §10.3.1.3
        ("2 ** 3 ** 2", D(64)),  # and ** to the left
        ("10 - 4 - 3", D(3)),
        ("1 + 2 * 3", D(7)),
        ("1 / 0", None),
        ("null + 1", None),
        ('"a" + "b"', "ab"),
        ('"a" + 1', None),
        ('1 = "1"', None),
        ("null = null", True),
        ("null != 1", True),
        ("true and null", None),
        ("false and null", False),
        ("true or null", True),
        ("null or false", None),
        ("not(null)", None),
        ("5 between 1 and 5", True),
        ("5 in [1..5)", False),
        ("5 in (1..5]", True),
        ("5 in ]1..5[", False),
        ("5 in (> 4)", True),
        ("5 in (1, 3, 5)", True),
        ("5 in (<2, >4)", True),
        ('"b" in ["a".."c"]', True),
        ("3 in [1, 2]", False),
        ("if 1 < 2 then 3 else 4", D(3)),
        ("if null then 3 else 4", D(4)),
        ("for x in [1, 2], y in [10, 20] return x * y", [D(10), D(20), D(20), D(40)]),
        ("for i in 3..1 return i", [D(3), D(2), D(1)]),
        ("for i in 1..4 return if i <= 2 then 1 else partial[-1] + partial[-2]", [D(1), D(1), D(2), D(3)]),
        ("some x in [1, 2] satisfies x > 1", True),
        ("every x in [1, 2] satisfies x > 1", False),
        ("every x in [] satisfies false", True),
        ("[1, 2, 3][2]", D(2)),
        ("[1, 2, 3][-1]", D(3)),
        ("[1, 2, 3][4]", None),
        ("[1, 2, 3][item >= 2]", [D(2), D(3)]),
        ("[{a: 1, b: 2}, {a: 3, b: 4}][a > 1].b", [D(4)]),
        ("{a: 1, b: a + 1}.b", D(2)),
        ('{"free text": 5}.free text', D(5)),
        ("{a: {b: 7}}.a.b", D(7)),
        ("(function(a, b) a - b)(5, 3)", D(2)),
        ("{less: function(a, b) a - b, r: less(b: 5, a: 3)}.r", D(-2)),
        ("[1, 2] instance of list<number>", True),
        ('@"2020-01-01" instance of date', True),
        ("null instance of Any", False),
        ("// a comment\n1 /* and another */ + 1", D(2)),
        ('"\\u0041\\n\\""', 'A\n"'),
    ],
)  # fmt: skip
def test_an_expression_has_the_value_the_specification_gives(feel, text, expected):
    assert feel(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('date("2017-05-03")', date(2017, 5, 3)),
        ("date(2012, 12, 25)", date(2012, 12, 25)),
        ('date("2017-02-30")', None),
        ('time("23:59:00z")', None),
        ('time("23:59:00Z")', time(23, 59, tzinfo=UTC)),
        ('date and time("2012-12-24T23:59:00")', datetime(2012, 12, 24, 23, 59)),  # noqa: DTZ001
        ('date and time(date("2012-12-24"), time("23:59:00+08:00"))',
         datetime(2012, 12, 24, 23, 59, tzinfo=timezone(timedelta(hours=8)))),
        ('duration("P1Y2M")', YearsMonths(14)),
        ('duration("-PT90S")', timedelta(seconds=-90)),
        ('date("2024-01-31") + duration("P1M")', date(2024, 2, 29)),
        ('date("2024-03-31") - duration("P13M")', date(2023, 2, 28)),
        ('date("2024-03-01") - date("2024-02-01")', timedelta(days=29)),
        ('time("23:00:00") + duration("PT2H")', time(1)),
        ('duration("P1D") * 1.5', timedelta(hours=36)),
        ('duration("P1D") / duration("PT6H")', D(4)),
        ('years and months duration(date("2011-12-22"), date("2013-08-24"))', YearsMonths(20)),
        ('date("2018-12-10").weekday', D(1)),
        ('@"2019-03-31T10:00:00@Europe/Paris".timezone', "Europe/Paris"),
        ('duration("PT90M").minutes', D(30)),
        ('day of week(date("2019-09-17"))', "Tuesday"),
        ('month of year(date("2019-09-17"))', "September"),
        ('day of year(date("2019-09-17"))', D(260)),
        ('week of year(date("2019-09-17"))', D(38)),
        ('is(time("23:00:50Z"), time("23:00:50+00:00"))', True),
        ('date("2020-01-01") in [date("2019-12-31")..date("2020-01-02")]', True),
        ("before(1, 10)", True),
        ("before([1..5), [5..9])", True),
        ("before([1..5], [5..9])", False),
        ("meets([1..5], [5..10])", True),
        ("overlaps([1..5], [3..8])", True),
        ("overlaps before([1..5], [3..8])", True),
        ("during(5, [1..10])", True),
        ("during(10, [1..10))", False),
        ("starts(1, [1..10])", True),
        ("finished by([1..10], 10)", True),
        ("coincides([1..5], [1..5])", True),
    ],
)  # fmt: skip
def test_dates_times_and_ranges_follow_the_specification(feel, text, expected):
    assert feel(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('substring("foobar", 3)', "obar"),
        ('substring("foobar", -2, 1)', "a"),
        ('string length("\\U01F40Eab")', D(3)),
        ('substring before("foobar", "bar")', "foo"),
        ('substring after("foobar", "ob")', "ar"),
        ('matches("foobar", "^fo*b")', True),
        ('matches("CHEST THIN", "thin", "i")', True),
        ('replace("abcd", "(ab)|(a)", "[1=$1][2=$2]")', "[1=ab][2=]cd"),
        ('split("John Doe", "\\\\s")', ["John", "Doe"]),
        ('string join(["a", "b"], "-")', "a-b"),
        ('number("1 000,0", " ", ",")', D(1000)),
        ('number("one")', None),
        ("string(1.50)", "1.5"),
        ('string([1, "a", {b: null}])', '[1, "a", {b: null}]'),
        ("list contains([1, null], null)", True),
        ("min([5, 2, 9])", D(2)),
        ('max("a", "c", "b")', "c"),
        ("sum([])", None),
        ("mean([1, 2, 6])", D(3)),
        ("median(8, 2, 5, 3, 4)", D(4)),
        ("stddev([2, 4, 7, 5]) > 2.08 and stddev([2, 4, 7, 5]) < 2.09", True),
        ("mode([6, 3, 9, 6, 6])", [D(6)]),
        ("product(2, 3, 4)", D(24)),
        ("all([true, null])", None),
        ("any([true, null])", True),
        ("sublist([4, 5, 6], 1, 2)", [D(4), D(5)]),
        ("append([1], 2, 3)", [D(1), D(2), D(3)]),
        ("insert before([1, 3], 1, 2)", [D(2), D(1), D(3)]),
        ("remove([1, 2, 3], 2)", [D(1), D(3)]),
        ("index of([1, 2, 3, 2], 2)", [D(2), D(4)]),
        ("union([1, 2], [2, 3])", [D(1), D(2), D(3)]),
        ("flatten([[1, 2], [[3]], 4])", [D(1), D(2), D(3), D(4)]),
        ("sort([3, 1, 2], function(x, y) x > y)", [D(3), D(2), D(1)]),
        ("list replace([2, 4, 7, 8], function(item, newItem) item < newItem, 5)", [D(5), D(5), D(7), D(8)]),
        ("decimal(1 / 3, 2)", D("0.33")),
        ("decimal(2.5, 0)", D(2)),
        ("floor(-1.56, 1)", D("-1.6")),
        ("round half up(-5.5, 0)", D(-6)),
        ("round half down(5.5, 0)", D(5)),
        ("modulo(-12, 5)", D(3)),
        ("modulo(10.1, -4.5)", D("-3.4")),
        ("abs(-10)", D(10)),
        ("sqrt(-1)", None),
        ("odd(5)", True),
        ('get value({a: 1}, "a")', D(1)),
        ('context put({a: 1}, "b", 2)', {"a": D(1), "b": D(2)}),
        ("context merge([{a: 1}, {a: 2, b: 3}])", {"a": D(2), "b": D(3)}),
        ('context([{key: "a", value: 1}])', {"a": D(1)}),
    ],
)  # fmt: skip
def test_built_in_functions_follow_their_tables(feel, text, expected):
    assert feel(text) == expected


def test_names_hold_spaces_dashes_and_slashes_as_the_model_declares_them():
    model = load_decisions(
        b"""<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d" name="n" namespace="u">
        <inputData id="a" name="Slice-spacing in mm"><variable name="Slice-spacing in mm"/></inputData>
        <inputData id="b" name="Slice"><variable name="Slice"/></inputData>
        <decision id="it" name="it">
          <informationRequirement id="r1"><requiredInput href="#a"/></informationRequirement>
          <informationRequirement id="r2"><requiredInput href="#b"/></informationRequirement>
          <literalExpression><text>Slice-spacing  in mm - Slice</text></literalExpression>
        </decision></definitions>"""
    )

    assert model.decide("it", {"Slice-spacing in mm": 5, "Slice": 2}).value == D(3)


def test_why_a_value_is_null_is_said_without_saying_the_values():
    outcome = feel_outcome("PatientName + 1 + Missing", PatientName="Zhang^Wei")

    assert outcome.value is None
    assert outcome.errors == (
        "“+” has no result for a string and a number like these.",
        "There is no value named “Missing” here.",
    )


NUMBERS = st.decimals(min_value=-(10**6), max_value=10**6, places=3)


@given(left=NUMBERS, right=NUMBERS)
def test_sums_and_differences_of_decimals_are_exact(left, right):
    assert feel_outcome("a + b - b = a", a=left, b=right).value is True


@given(months=st.integers(-500, 500), day=st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_a_day_and_its_months_later_lie_that_many_months_apart(months, day):
    later = feel_outcome("d + duration(m)", d=day, m=f"{'-' if months < 0 else ''}P{abs(months)}M").value

    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1

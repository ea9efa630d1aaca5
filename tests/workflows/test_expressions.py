from __future__ import annotations

import pytest

from workflows.expressions import ExpressionError, evaluate

NAMES = {
    "priority": "STAT",
    "count": 12,
    "series": {
        "is_thin_slice": True,
        "spacing_mm": 1.25,
        "subjects": {"study": "2.25.1"},
        "tags": ["a", "b"],
    },
    "nothing": None,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("priority == 'STAT'", True),
        ("priority in ['STAT', 'URGENT'] and count > 10", True),
        ("not series.is_thin_slice", False),
        ("series.spacing_mm <= 1.25", True),
        ("series['subjects'].study", "2.25.1"),
        ("series.tags[1]", "b"),
        ("series.tags[-1]", "b"),
        ("series.tags[9]", None),
        ("'b' in series.tags", True),
        ("'is_thin_slice' in series", True),
        ("'PT5M' if priority == 'STAT' else 'PT30M'", "PT5M"),
        ("1 < count < 20", True),
        ("(count + 3) * 2 - 5 / 5", 29.0),
        ("count % 5", 2),
        ("-count", -12),
        ("priority + '-1'", "STAT-1"),
        ("len(series.tags)", 2),
        ("lower(priority)", "stat"),
        ("starts_with(priority, 'ST')", True),
        ("max(count, 30)", 30),
        ("round(series.spacing_mm)", 1),
        ("nothing is None", True),
    ],
)
def test_values_of_the_language(text, expected):
    assert evaluate(text, NAMES) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("unknown", None), ("unknown.part", None), ("unknown > 3", False), ("series.missing == 1", False),
     ("'x' in unknown", False), ("'x' not in unknown", True), ("unknown and 1", None)],
)  # fmt: skip
def test_what_is_not_there_is_null_as_in_feel(text, expected):
    assert evaluate(text, NAMES) == expected


ESCAPES = [
    "__import__('os').system('id')",
    "().__class__.__bases__[0].__subclasses__()",
    "''.__class__",
    "series.__class__",
    "series['__class__'].x()",
    "priority.upper()",
    "priority.format(count)",
    "'{0.__class__}'.format(count)",
    "'%s' % series",
    "f'{series}'",
    "eval('1')",
    "exec('1')",
    "open('/etc/passwd')",
    "getattr(series, 'x')",
    "globals()",
    "lambda: 1",
    "(lambda: 1)()",
    "[x for x in series.tags]",
    "{x: 1 for x in series.tags}",
    "{1, 2}",
    "{'a': 1}",
    "(x := 1)",
    "await series",
    "(yield 1)",
    "*series",
    "[*series.tags]",
    "series.tags[0:1]",
    "9**9**9",
    "1 << 1000",
    "~count",
    "count | 1",
    "'a' * 10",
    "[1] * 1000000000",
    "b'bytes'",
    "1j",
    "...",
    "len(series.tags, key=1)",
    "len.__self__",
    "max(*series.tags)",
    "import os",
    "count; 1",
    "count = 1",
    "series.tags[0][0].__doc__",
    "_private",
    "print('x')",
    "len",
    "breakpoint()",
    "\x00",
    "(" * 300 + ")" * 300,
    "1" + "+1" * 400,
    "count.real",
    "round('x')",
    "abs(priority)",
    "lower(count)",
    "999999999999999 * 999999999999999",
    "1 / 0",
    "count < priority",
    "count in 5",
    "count + priority",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_whatever_is_not_of_the_language_is_refused(text):
    if text == "len":
        assert evaluate(text, NAMES) is None  # a bare function name is an unknown name, not the function
        return
    with pytest.raises(ExpressionError):
        evaluate(text, NAMES)


def test_the_corpus_is_large_enough_to_mean_something():
    assert len(ESCAPES) >= 30


def test_values_are_never_changed_by_reading_them():
    names = {"a": {"b": [1, 2]}}

    evaluate("a.b[0] + len(a.b)", names)

    assert names == {"a": {"b": [1, 2]}}

"""What a script gets, gives and is told."""

from __future__ import annotations

import datetime as dt
import json
import threading

import pytest

from workflows.scripting import ScriptError, check_script, evaluate_script, run_script
from workflows.scripting.limits import Limits
from workflows.scripting.pool import Pool

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


def run(source, /, **data):
    return run_script(source, data, name="test")


def refusal(source, /, **data):
    with pytest.raises(ScriptError) as caught:
        run(source, **data)
    return caught.value


def test_a_script_gives_back_what_it_made_and_what_it_changed():
    assert run("b = a + 1\nc['x'] = 2", a=1, c={"x": 1}, d=[1]) == {"b": 2, "c": {"x": 2}}


def test_a_change_inside_a_list_is_a_change():
    assert run("rows[0]['n'] *= 2\nrows.append({'n': 3})", rows=[{"n": 1}]) == {"rows": [{"n": 2}, {"n": 3}]}


def test_the_callers_data_is_never_touched():
    data = {"rows": [1]}
    run_script("rows.append(2)", data, name="test")
    assert data == {"rows": [1]}


def test_true_is_not_one():
    assert run("a = True", a=1) == {"a": True}


def test_functions_imports_and_underscored_names_stay_inside():
    source = """
import math
from math import ceil

def half(x):
    return x / 2

_scratch = half(3)
y = ceil(_scratch) + math.floor(_scratch)
"""
    assert run(source) == {"y": 3}


def test_a_missing_key_reads_as_null_as_in_every_expression_of_a_diagram():
    assert run("x = patient.name\ny = patient.address.city", patient={"name": "A"}) == {"x": "A", "y": None}


def test_a_tuple_comes_back_as_a_list():
    assert run("x = (1, 'two', None)") == {"x": [1, "two", None]}


def test_a_variable_may_be_named_like_one_of_our_words():
    assert run("y = max + 1", max=4, id="7") == {"y": 5}


def test_data_whose_name_is_no_identifier_is_left_alone():
    assert run_script("x = 1", {"a-b": 1, "_c": 2, "__builtins__": 3}, name="test") == {"x": 1}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("f'{3.14159:.2f} {7:03d} {\"a\"!r}'", "3.14 007 'a'"),
        ("'%s of %d' % ('one', 2)", "one of 2"),
        ("[v for v in sorted(values, key=lambda v: -v) if v > 1]", [3, 2]),
        ("{k: v for k, v in zip(['a', 'b'], values)}", {"a": 3, "b": 1}),
        ("sum(values) / len(values)", 2.0),
        ("values[-2:]", [1, 2]),
        ("2 ** 10 % 1000 << 1", 48),
        ("isinstance(values, (list, dict)) and not isinstance('1', int)", True),
        ("dict.fromkeys(['b', 'a', 'b'], 0)", {"b": 0, "a": 0}),
        ("' a,b '.strip().split(',')", ["a", "b"]),
        ("list(reversed(values)) * 2", [2, 1, 3, 2, 1, 3]),
        ("int('42') if '42'.isdigit() else None", 42),
    ],
)
def test_an_expression_is_everyday_python(source, expected):
    assert evaluate_script(source, {"values": [3, 1, 2]}, name="test") == expected


def test_modules_on_the_list_work():
    source = """
import re, json, datetime, statistics
from decimal import Decimal, ROUND_HALF_UP

accession = re.sub(r'[^0-9]', '', 'ACC-12 34')
born = datetime.date.fromisoformat('1980-02-29')
age = (datetime.date(2026, 11, 23) - born).days // 365
back = json.loads(json.dumps({'a': [1, None]}))
median = statistics.median([5, 1, 9])
dose = float(Decimal('2.675').quantize(Decimal('0.01'), ROUND_HALF_UP))
del born
"""
    source = source.replace("del born\n", "born = born.isoformat()\n")
    assert run(source) == {
        "accession": "1234", "born": "1980-02-29", "age": 46, "back": {"a": [1, None]}, "median": 5, "dose": 2.68,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import datetime\nx = datetime.date(2026, 3, 2).strftime('%d.%m.%Y')", "02.03.2026"),
        ("import datetime\nx = datetime.datetime(2026, 3, 2, 8, 5).strftime('%H:%M')", "08:05"),
        ("import datetime\nx = datetime.time(8, 5).strftime('%H:%M')", "08:05"),
        ("import datetime\nx = f'{datetime.date(2026, 3, 2):%Y%m%d}'", "20260302"),
        ("import datetime\nx = datetime.datetime.strptime('20260302', '%Y%m%d').strftime('%j')", "061"),
        ("import re\nx = re.compile('(a)(b)').sub(r'\\2\\1', 'ab')", "ba"),
        ("width = 6\nx = f'{3.14159:>{width}.2f}|{1!r:>3}'", "  3.14|  1"),
    ],
)
def test_methods_that_need_modules_of_their_own_work(source, expected):
    assert run(source)["x"] == expected


def test_a_sentence_of_pythons_is_told_where_it_shows_no_address():
    source = """
try:
    values.index('Ｘ')
except ValueError as e:
    x = str(e)
"""
    assert run(source, values=[1]) == {"x": "'Ｘ' is not in list"}


@pytest.mark.parametrize("kind", ["date", "datetime", "time"])
def test_a_moment_is_made_of_numbers_and_never_of_the_text_that_pickle_writes(kind):
    error = refusal(f"import datetime\nx = datetime.{kind}('\\x07\\xb2\\x01\\xff\\xff\\xff').isoformat()")
    assert (error.code, error.line, error.why) == ("SCRIPT_FAILED", 2, "TypeError")


def test_errors_can_be_caught_by_name():
    source = """
try:
    x = {}['missing']
except (KeyError, IndexError) as e:
    x = str(e)
"""
    assert run(source) == {"x": "'missing'"}


def test_the_clock_is_what_the_caller_says():
    source = "import datetime\nx = datetime.datetime.now().isoformat()\ny = datetime.date.today().isoformat()"
    values = run_script(source, {}, name="test", now=NOON)
    assert values == {"x": "2026-11-23T12:00:00+00:00", "y": "2026-11-23"}


@pytest.mark.parametrize(
    ("source", "line", "why"),
    [
        ("x = 1\ny = x / 0", 2, "ZeroDivisionError"),
        ("x = 1\n\nif x\n    y = 2", 3, "SyntaxError"),
        ("def f(v):\n    return v['b']\n\nx = f({})", 2, "KeyError"),
        ("x = undefined_name", 1, "name"),
        ("assert 1 > 2", 1, "AssertionError"),
    ],
)
def test_a_failure_names_its_line_and_kind(source, line, why):
    error = refusal(source)
    assert (error.code, error.line, error.why) == ("SCRIPT_FAILED", line, why)
    assert error.permanent


def test_no_error_holds_data():
    error = refusal("raise ValueError(secret)", secret="Zhang San")
    assert "Zhang" not in f"{error} {error.message} {error.what} {error.why} {error!r} {error.__cause__}"


def test_a_result_that_is_no_json_is_a_mistake_with_a_hint():
    error = refusal("f = [len]")
    assert (error.code, error.why) == ("SCRIPT_FAILED", "result kind")
    assert "underscore" in error.message


def test_a_script_can_be_read_without_being_run():
    check_script("while True:\n    pass", name="test")
    with pytest.raises(ScriptError, match=r"line 2, .*\(ClassDef\)"):
        check_script("x = 1\nclass A:\n    pass", name="test")


def test_nothing_of_one_call_is_there_in_the_next():
    run("import json\nmarker = 1\ndef helper():\n    return 1")
    for name in ("marker", "helper", "json"):
        assert refusal(f"x = {name}").what == name


def test_calls_side_by_side_keep_their_own_data():
    results = {}

    def call(number):
        results[number] = evaluate_script("n * 2", {"n": number}, name="test")

    threads = [threading.Thread(target=call, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: number * 2 for number in range(12)}


def test_data_too_large_for_a_script_is_refused_before_it_is_sent():
    assert refusal("x = 1", text="A" * (5 << 20)).code == "SCRIPT_MEMORY"


def test_large_data_goes_in_and_comes_back_whole(use_pool):
    rows = [{"n": n, "t": "text" * 10} for n in range(5000)]
    assert run("copied = rows", rows=rows) == {"copied": rows}


REPLAYED = """
import random, datetime, statistics
drawn = [random.randint(1, 6) for _i in range(5)]
random.shuffle(values)
keys = list({k: len(k) for k in ['b', 'a', 'c']})
total = sum(v * 0.1 for v in values)
moment = datetime.datetime.now().isoformat()
text = f'{statistics.fmean(values):.6f} {values}'
"""


def test_the_same_script_and_input_give_the_same_bytes_in_every_sandbox():
    """Replay: two zygotes that share nothing, and two calls of each."""
    written = set()
    for pool in (Pool(Limits(wall_s=20)), Pool(Limits(wall_s=20))):
        request = {
            "do": "run", "source": REPLAYED, "data": {"values": [3, 1, 2, 9, 7]}, "now": NOON.isoformat(), "seed": "42",
        }  # fmt: skip
        written |= {pool.ask(json.dumps(request).encode()).output for _ in range(2)}
        pool.close()
    (answer,) = written
    assert json.loads(answer)["values"]["moment"] == "2026-11-23T12:00:00+00:00"


def test_another_seed_draws_otherwise():
    source = "import random\nx = [random.random() for _i in range(3)]"
    drawn = {str(run_script(source, {}, name="test", seed=seed)) for seed in ("a", "b", "a")}
    assert len(drawn) == 2

"""Expressions are interpreted in a confined process of their own (decision 0019): what it reaches, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.models import AuditEvent
from tests.workflows.scripting.test_denials import has_ended
from workflows.expressions import ExpressionError, evaluate
from workflows.interpreting import asking, resident
from workflows.interpreting.asking import FEEL, Fault, interpreted
from workflows.interpreting.residents import Residents
from workflows.scripting import ScriptError
from workflows.scripting.limits import Limits
from workflows.scripting.pool import NoSandbox, watched

NAMES = {"count": 12, "series": {"modality": "CT", "slices": [90, 1]}}
TEXT = "count + 1"


@pytest.fixture
def own(monkeypatch):
    """Interpreters of this test's own, asked whatever has been asked before."""
    made = watched(Residents(Limits(wall_s=20.0)))
    monkeypatch.setattr(asking, "residents", lambda: made)
    monkeypatch.setattr(asking, "_answered", asking._answered.__wrapped__)
    yield made
    made.close()


def idle(residents: Residents) -> list[int]:
    return [each.pid for each in residents._idle]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("count + 1", 13),
        ("series.modality == 'CT' and count > 10", True),
        ("[series.slices[0], 'a', None]", [90, "a", None]),
        ("nothing.of.that is None", True),
    ],
)
def test_a_value_comes_back_as_json(text, value):
    assert evaluate(text, NAMES) == value


def test_what_is_wrong_comes_back_as_the_languages_own_fault():
    with pytest.raises(ExpressionError, match="A number is needed; this is: a text"):
        evaluate("series.modality + 1", NAMES)


def test_feel_knows_every_time_zone_and_no_file():
    text = '[string(date and time("2026-07-01T12:00:00@Asia/Shanghai")), date and time("2026-07-01T12:00:00@No/Where")]'

    assert interpreted(FEEL, text, {}, name="test") == ["2026-07-01T12:00:00@Asia/Shanghai", None]


def test_the_clock_is_what_the_caller_says(clock):
    assert interpreted(FEEL, "string(now())", {}, name="test") == "2026-03-02T08:00:00Z"


def test_what_was_asked_before_is_known_and_what_comes_of_it_is_the_callers_own(monkeypatch):
    first = evaluate("[count, series.modality + '!']", NAMES)
    monkeypatch.setattr(asking, "residents", lambda: pytest.fail("a process was asked"))

    second = evaluate("[count, series.modality + '!']", NAMES | {"of no interest": 1})
    second.append("more")

    assert first == [12, "CT!"]
    assert evaluate("[count, series.modality + '!']", NAMES) == first


def test_what_is_asked_of_other_values_is_asked(own):
    assert [evaluate(TEXT, {"count": count}) for count in (1, 2, 1, 2.5)] == [2, 3, 2, 3.5]


def test_long_values_and_the_clock_are_asked_about_each_time(own, monkeypatch):
    monkeypatch.setattr(
        asking, "_answered", lambda _request: pytest.fail("it was looked for among the known")
    )

    assert evaluate("len(text) + 1", {"text": "x" * asking.SHORT}) == asking.SHORT + 1
    assert interpreted(FEEL, "1 + 1", {}, name="test") == 2


@pytest.mark.parametrize("text", ["'CT'", "12", "count", "series.modality", "series['slices'][0]"])
def test_reading_data_needs_no_process(text, monkeypatch):
    monkeypatch.setattr(asking, "residents", lambda: pytest.fail("a process was asked"))

    assert evaluate(text, NAMES) in ("CT", 12, 90)


def test_one_process_serves_many_calls_and_keeps_nothing_of_them(own):
    assert [evaluate("count + 1", {"count": number}) for number in range(5)] == [1, 2, 3, 4, 5]
    [pid] = idle(own)

    assert evaluate("count is None", {}) is True
    assert idle(own) == [pid]


def test_one_that_was_killed_is_replaced_within_the_call(own):
    evaluate(TEXT, NAMES)
    [first] = idle(own)
    os.kill(first, signal.SIGKILL)

    assert evaluate(TEXT, NAMES) == 13
    assert idle(own) != [first]


def test_one_that_is_killed_in_the_midst_of_a_call_is_asked_anew(own, monkeypatch):
    evaluate(TEXT, NAMES)
    [first] = idle(own)
    sent = resident.Resident._receive

    def killed(self, deadline):
        os.kill(first, signal.SIGKILL) if self.pid == first else None
        return sent(self, deadline)

    os.kill(first, signal.SIGSTOP)  # it has the request and cannot answer
    monkeypatch.setattr(resident.Resident, "_receive", killed)

    assert evaluate(TEXT, NAMES) == 13
    assert first not in idle(own)


def test_where_none_begins_the_expression_has_no_value_and_may_be_tried_again(own, monkeypatch):
    monkeypatch.setattr(resident, "_START", "raise SystemExit")

    with pytest.raises(ScriptError) as error:
        evaluate(TEXT, NAMES)

    assert (error.value.code, error.value.permanent) == ("SCRIPT_UNAVAILABLE", False)


def test_without_the_filter_nothing_is_interpreted_unless_an_operator_says_so(own, monkeypatch):
    began = resident.Resident.__init__

    def unfiltered(self, limits):
        began(self, limits)
        self.has_filter = False

    monkeypatch.setattr(resident.Resident, "__init__", unfiltered)
    with pytest.raises(NoSandbox):
        own.ask(b'{"language": "plain", "text": "1 + 1", "names": {}, "now": null}')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("10 ** 19", "A number in the result is too large."),
        ("10 ** 6000", "A number in the result is too large."),
        ('"a\\u0000"', "A text in the result cannot be stored."),
        ('[{a: "\\uD800"}]', "A text in the result cannot be stored."),
        ('{"\\u0000": 1}', "A text in the result cannot be stored."),
    ],
)
def test_what_no_case_could_keep_is_no_value_of_feel(text, told):
    with pytest.raises(Fault, match=told):
        interpreted(FEEL, text, {}, name="test")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "names", "reason"),
    [
        ("'a\\x00' + b", {"b": ""}, "text"),
        ("'\\ud800' + b", {"b": ""}, "text"),
        ("[b]", {"b": 2**63}, "number"),
        ("[b]", {"b": float("inf")}, "number"),
        ("[b]", {"b": json.loads("[" * 41 + "]" * 41)}, "deep"),
    ],
)
def test_what_no_case_could_keep_is_no_value_of_the_small_language(text, names, reason):
    with pytest.raises(ExpressionError):
        evaluate(text, names)

    assert AuditEvent.objects.get(action="script.denied").detail["reason"] == f"result {reason}"


@pytest.fixture
def begin_with(monkeypatch):
    """Have interpreters begin that do this in place of interpreting."""
    start = resident._START.partition(" from workflows")[0]
    patched = (
        f"{start} from workflows.interpreting import inside;"
        f" inside._value = lambda _, text, names: text == {TEXT!r} and %s; inside.main()"
    )
    return lambda code: monkeypatch.setattr(resident, "_START", patched % code)


@pytest.mark.django_db
def test_what_takes_too_long_is_ended_and_audited(own, begin_with):
    begin_with("next(each for each in iter(int, 1) if each)")
    own.limits = Limits(wall_s=0.2)

    with pytest.raises(ExpressionError, match="did not end in time"):
        evaluate(TEXT, NAMES)

    assert AuditEvent.objects.get(action="script.denied").detail["code"] == "SCRIPT_TIMEOUT"
    assert idle(own) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "told", "reason"),
    [
        ("__import__('posix').getpid()", "it called the operating system", "call"),
        ("'A' * (80 << 20)", "needs more memory", ""),
        ("'A' * (9 << 20)", "its result is too large", "result size"),
    ],
)
def test_whatever_the_interpreter_came_to_do_it_is_ended_and_audited(own, begin_with, code, told, reason):
    begin_with(code)

    with pytest.raises(ExpressionError, match=told):
        evaluate(TEXT, NAMES)

    assert AuditEvent.objects.get(action="script.denied").detail["reason"] == reason


def test_threads_ask_side_by_side(own):
    with ThreadPoolExecutor(8) as threads:
        values = list(threads.map(lambda number: evaluate("count + 1", {"count": number}), range(400)))

    assert values == list(range(1, 401))
    assert 1 <= len(idle(own)) <= 4


def test_a_fork_of_ours_has_an_interpreter_of_its_own_and_leaves_its_parents_alone(own):
    evaluate(TEXT, NAMES)
    before = idle(own)
    told, tells = os.pipe()
    child = os.fork()
    if not child:
        try:
            value = evaluate(TEXT, NAMES)
            os.write(tells, f"{value} {idle(own) != before}".encode())
        finally:
            own.close()
            os._exit(0)
    os.waitpid(child, 0)

    assert os.read(told, 100) == b"13 True"
    assert evaluate("count + 2", NAMES) == 14
    assert idle(own) == before
    os.close(told)
    os.close(tells)


def test_it_ends_with_the_process_that_asked():
    told, tells = os.pipe()
    owner = os.fork()
    if not owner:
        own = Residents(Limits(wall_s=20.0))
        own.ask(b'{"language": "plain", "text": "1 + 1", "names": {}, "now": null}')
        os.write(tells, str(idle(own)[0]).encode())
        threading.Event().wait()
    handle = os.pidfd_open(int(os.read(told, 20)))
    os.kill(owner, signal.SIGKILL)
    os.waitpid(owner, 0)

    assert has_ended(handle)
    for each in (told, tells, handle):
        os.close(each)

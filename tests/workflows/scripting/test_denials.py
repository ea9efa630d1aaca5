"""The audit line of a stopped script, and a sandbox that is lost, forked from, or not to be had."""

from __future__ import annotations

import os
import select
import signal
import socket

import pytest
from django.db import transaction

from accounts.models import AuditEvent
from events.tracing import trace
from tests.personas import Cast
from tests.workflows.conftest import chain, user
from tests.workflows.engine.drawing import END
from workflows.models import UserTask
from workflows.scripting import ScriptError, checks, run_script
from workflows.scripting.calls import digest_of
from workflows.scripting.library.models import ScriptVersion
from workflows.scripting.limits import Limits
from workflows.scripting.pool import NoSandbox, Pool, watched
from workflows.services import complete_user_task


def zygote_of(pool: Pool) -> int:
    assert pool._zygote is not None
    return pool._zygote._process.pid


@pytest.mark.django_db(transaction=True)
def test_the_audit_line_outlives_the_transaction_that_the_script_broke(settings):
    settings.SCRIPT_DENIALS_APART = True
    with trace() as trace_id, pytest.raises(ScriptError), transaction.atomic():
        run_script("import os", {}, name="StartTask")
    line = AuditEvent.objects.get(action="script.denied")
    assert (line.object_uid, line.trace_id) == ("StartTask", trace_id)


@pytest.mark.django_db
def test_the_line_names_the_person_who_ran_the_script(cast: Cast):
    with pytest.raises(ScriptError):
        run_script("import os", {}, name="trial", actor=cast.ines)
    assert AuditEvent.objects.get(action="script.denied").person == cast.ines


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "text", "named"), [("python", "x = open", "ask"), ("library", "sly", "sly@1")]
)
def test_the_line_names_who_took_the_step_the_version_the_case_and_the_element(
    begin, cast: Cast, language, text, named
):
    ScriptVersion.objects.create(
        name="sly", number=1, state="published", source="x = 1\ny = open", digest="", saved_by="dora",
        saved_at="2026-03-02T08:00Z",
    )  # fmt: skip
    task = f'<bpmn:scriptTask id="ask" scriptFormat="{language}"><bpmn:script>{text}</bpmn:script></bpmn:scriptTask>'
    caught = '<bpmn:boundaryEvent id="failed" attachedToRef="ask"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>'
    case = begin(
        user("first") + task + caught + user("mend") + END
        + chain("start", "first", "ask", "end") + chain("failed", "mend", "end")
    )  # fmt: skip
    complete_user_task(UserTask.objects.get(), actor=cast.rosa, outcome="done", data={})

    line = AuditEvent.objects.get(action="script.denied")
    assert (line.person, line.object_uid) == (cast.rosa, named)
    assert (line.detail["case"], line.detail["element"]) == (str(case.uid), "ask")
    assert line.detail["digest"] == digest_of("x = open" if language == "python" else "x = 1\ny = open")


@pytest.mark.django_db
def test_a_script_that_is_merely_wrong_is_no_news_for_the_audit_trail():
    with pytest.raises(ScriptError, match=r"failed: line 1, it divides by zero \(ZeroDivisionError\)"):
        run_script("x = 1 / 0", {}, name="trial")
    assert not AuditEvent.objects.filter(action="script.denied").exists()


@pytest.mark.django_db
def test_the_audit_line_holds_nothing_of_the_data():
    with pytest.raises(ScriptError):
        run_script("x = [].__class__ if name else 1", {"name": "Zhang San"}, name="trial")
    line = AuditEvent.objects.get(action="script.denied")
    assert "Zhang" not in f"{line.detail} {line.object_uid} {line.action}"


@pytest.mark.django_db
def test_a_sandbox_ended_from_outside_is_started_again(patient_pool):
    run_script("x = 1", {}, name="trial")
    os.kill(zygote_of(patient_pool), signal.SIGKILL)
    assert run_script("x = 1", {}, name="trial") == {"x": 1}


@pytest.mark.django_db
def test_without_a_filter_for_system_calls_no_script_runs(monkeypatch, use_pool):
    class Unfiltered:
        has_filter = is_apart = False
        is_closed = False

        def __init__(self, *_args, **_named):
            pass

        def close(self):
            Unfiltered.is_closed = True

    monkeypatch.setattr("workflows.scripting.pool.Zygote", Unfiltered)
    use_pool(Pool(Limits()))
    with pytest.raises(ScriptError) as caught:
        run_script("x = 1", {}, name="trial")
    assert (caught.value.code, caught.value.permanent) == ("SCRIPT_UNAVAILABLE", False)
    assert Unfiltered.is_closed


def test_a_fork_of_ours_has_a_sandbox_of_its_own_and_leaves_its_parents_alone():
    pool = watched(Pool(Limits(wall_s=20)))
    request = b'{"do": "run", "is_expression": true, "source": "1 + 1", "data": {}}'
    pool.ask(request)
    first = zygote_of(pool)
    told, tells = os.pipe()
    child = os.fork()
    if not child:
        try:
            output = pool.ask(request).output
            os.write(tells, f"{zygote_of(pool)} {output.decode()}".encode())
        finally:
            pool.close()
            os._exit(0)
    os.waitpid(child, 0)
    second, _space, answer = os.read(told, 1000).decode().partition(" ")
    os.close(told)
    os.close(tells)
    assert answer == '{"value": 2}'
    assert int(second) != first
    assert pool.ask(request).output == b'{"value": 2}'
    assert zygote_of(pool) == first
    pool.close()


def test_nothing_that_is_open_here_is_open_in_the_sandbox():
    """A descriptor that would be inherited, as a session of the database may be, has no second holder in there."""
    ours, theirs = socket.socketpair()
    theirs.set_inheritable(True)
    pool = Pool(Limits(wall_s=20))
    assert pool.ask(b'{"do": "run", "is_expression": true, "source": "1", "data": {}}').status == 0
    theirs.close()
    ours.settimeout(20)
    assert ours.recv(1) == b""  # the end of a stream that nobody else holds
    pool.close()
    ours.close()


def test_a_sandbox_ends_when_it_is_closed_though_a_fork_of_ours_holds_its_socket_too():
    pool = Pool(Limits(wall_s=20))
    pool.ask(b'{"do": "run", "is_expression": true, "source": "1", "data": {}}')
    zygote = os.pidfd_open(zygote_of(pool))
    waits, goes_on = os.pipe()
    child = os.fork()
    if not child:
        os.close(goes_on)
        os.read(waits, 1)
        os._exit(0)

    pool.close()

    assert has_ended(zygote, within_ms=0)
    os.close(goes_on)
    os.waitpid(child, 0)
    os.close(waits)
    os.close(zygote)


def test_children_end_with_the_process_that_asked_for_them():
    """Kill -9 of ours leaves nothing running, not even a script in an endless loop."""
    told, tells = os.pipe()
    owner = os.fork()
    if not owner:
        pool = Pool(Limits(wall_s=60, cpu_s=60))
        pool.ask(b'{"do": "run", "is_expression": true, "source": "1", "data": {}}')
        os.write(tells, str(zygote_of(pool)).encode())
        pool.ask(b'{"do": "run", "source": "while True:\\n    pass", "data": {}}')
        os._exit(0)
    zygote = os.pidfd_open(int(os.read(told, 20)))
    os.kill(owner, signal.SIGKILL)
    os.waitpid(owner, 0)
    os.close(told)
    os.close(tells)
    assert has_ended(zygote)


def has_ended(handle, within_ms=10_000):
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(within_ms))


@pytest.mark.parametrize(
    ("is_apart", "expected"), [(True, []), (False, ["scripts.W001"]), (None, ["scripts.E001"])]
)
def test_the_deployment_check_says_which_walls_there_are(monkeypatch, is_apart, expected):
    class Walls:
        @property
        def is_apart(self):
            if is_apart is None:
                raise NoSandbox
            return is_apart

    monkeypatch.setattr(checks, "pool", Walls)
    assert [message.id for message in checks.check_sandbox()] == expected

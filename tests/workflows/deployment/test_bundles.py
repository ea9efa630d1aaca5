from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from common.errors import InvalidInput, NotFound
from tests.workflows.conftest import bundle, chain, install, user
from workflows import services
from workflows.models import ProcessDefinition, ProcessInstance, UserTask

ROOT = Path(__file__).resolve().parents[3]
END = '<bpmn:endEvent id="end"/>'
ONE = user("a") + END + chain("start", "a", "end")
TWO = user("a") + user("b") + END + chain("start", "a", "b", "end")


@pytest.mark.django_db
def test_the_same_files_are_the_same_version_and_changed_files_a_new_one(tmp_path):
    first = install(bundle(ONE), tmp_path / "one")
    again = install(bundle(ONE), tmp_path / "again")
    second = install(bundle(TWO), tmp_path / "two")

    assert (first.pk, first.version, second.version) == (again.pk, 1, 2)
    assert ProcessDefinition.objects.get(is_active=True) == second
    assert install(bundle(ONE), tmp_path / "back").pk == first.pk
    assert ProcessDefinition.objects.get(is_active=True) == first


@pytest.mark.django_db
def test_a_running_case_stays_on_the_version_it_began_with(begin, cast, tmp_path):
    instance = begin(ONE)
    install(bundle(TWO), tmp_path)

    services.complete_user_task(UserTask.objects.get(), actor=cast.rosa, outcome="done", data={})

    instance.refresh_from_db()
    assert instance.status == "completed"


@pytest.mark.django_db
def test_a_refused_bundle_leaves_no_trace_and_names_its_faults(tmp_path):
    with pytest.raises(InvalidInput) as refusal:
        install(bundle('<bpmn:scriptTask id="x"/>' + END + chain("start", "x", "end")), tmp_path)

    assert "script format none" in refusal.value.fields["x"]
    assert not ProcessDefinition.objects.exists()


@pytest.mark.django_db
def test_an_exported_process_imports_as_the_same_version(tmp_path, capsys):
    call_command("import_processes")
    before = ProcessDefinition.objects.get(key="RemoteConsultation")

    call_command("export_process", "RemoteConsultation", str(tmp_path / "out"))
    call_command("import_processes", str(tmp_path / "out"))

    assert list(ProcessDefinition.objects.filter(key="RemoteConsultation")) == [before]
    with pytest.raises(CommandError):
        call_command("export_process", "Nothing", str(tmp_path))


@pytest.mark.django_db
def test_a_process_nobody_imported_cannot_start(cast):
    with pytest.raises(NotFound):
        services.start_process(
            "Nothing", data={}, site=cast.county, subjects={}, start_key="x", actor=cast.carla
        )


@pytest.mark.django_db
def test_a_process_whose_lane_names_no_site_cannot_start(begin):
    with pytest.raises(InvalidInput) as refusal:
        begin(ONE, {"site": "nowhere"})

    assert refusal.value.code == "PROCESS_FAULT"
    assert not ProcessInstance.objects.exists()


@pytest.mark.django_db
def test_run_timers_once_performs_every_duty(capsys):
    call_command("run_timers", once=True)

    assert "workflows.timers: 0" in capsys.readouterr().out


def test_run_timers_says_when_it_is_ready_and_ends_on_sigterm(tmp_path):
    daemon = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "run_timers"],
        cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert daemon.stdout is not None
        line = next(each for each in daemon.stdout if "ready" in each)
        logging.getLogger(__name__).debug(line)
        daemon.send_signal(signal.SIGTERM)
        said, _ = daemon.communicate(timeout=20)
        assert (daemon.returncode, '"stopped"' in said) == (0, True)
    finally:
        if daemon.poll() is None:
            daemon.kill()

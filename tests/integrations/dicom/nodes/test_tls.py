"""TLS in both directions with DCMTK at the other end: what passes, and what is refused.

The listener's own secure port is tested with the listener; here its context stands behind a plain server.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from common.errors import Conflict, InvalidInput
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes.calling import node_association
from integrations.dicom.nodes.check import ask_check, perform_check
from integrations.dicom.nodes.errors import NodeUnavailable
from integrations.dicom.nodes.models import NodeFailure
from integrations.dicom.nodes.tls import client_context, server_context
from tests.integrations.dicom.nodes.test_calling import ECHO
from tests.integrations.dicom.nodes.test_check import free_port, wait_for

ECHOSCU = Path("/usr/bin/echoscu")
STORESCP = Path("/usr/bin/storescp")

pytestmark = pytest.mark.skipif(not ECHOSCU.exists(), reason="DCMTK is not installed")


@pytest.fixture
def secure_port(tls_settings) -> Iterator[int]:
    ae = AE("CONSILIUM")
    ae.add_supported_context(Verification)
    server: Any = ae.start_server(
        ("127.0.0.1", 0), block=False, ssl_context=server_context(),
        evt_handlers=[(evt.EVT_C_ECHO, lambda _event: 0x0000)],
    )  # fmt: skip
    yield server.server_address[1]
    server.shutdown()


def echoscu(port: int, *options: object) -> int:
    command = [ECHOSCU, "-to", "5", "-ta", "5", *options, "-aec", "CONSILIUM", "127.0.0.1", str(port)]
    return subprocess.run(
        [str(part) for part in command], capture_output=True, check=False, timeout=30
    ).returncode


def test_dcmtk_echoes_by_each_of_its_bcp_195_profiles(secure_port, network):
    shown = ["+tls", network.peer.key, network.peer.certificate, "+cf", network.authority]
    for profile in ("+py", "+px", "+pz"):
        assert echoscu(secure_port, *shown, profile) == 0


def test_a_peer_without_a_certificate_is_refused_unless_that_is_allowed(secure_port, network, settings):
    assert echoscu(secure_port, "+tla", "+cf", network.authority) != 0

    settings.DICOM_TLS_CLIENT_CERTIFICATES = "optional"
    assert server_context().verify_mode == ssl.CERT_OPTIONAL


def test_certificates_of_strangers_and_expired_ones_are_refused(secure_port, network):
    for shown in (network.stranger, network.expired):
        assert echoscu(secure_port, "+tls", shown.key, shown.certificate, "+cf", network.authority) != 0


def test_a_peer_that_does_not_trust_us_does_not_connect(secure_port, network):
    assert (
        echoscu(secure_port, "+tls", network.peer.key, network.peer.certificate, "+cf", network.strangers)
        != 0
    )


def test_plain_dicom_on_the_secure_port_is_refused_and_the_port_stays_up(secure_port, network):
    assert echoscu(secure_port) != 0
    assert echoscu(
        secure_port, "+tls", network.peer.key, network.peer.certificate, "+cf", network.authority
    ) == 0  # fmt: skip


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_of_tls_are_refused(secure_port, network, version):
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        old.minimum_version = old.maximum_version = version
    old.load_cert_chain(network.peer.certificate, network.peer.key)
    with socket.create_connection(("127.0.0.1", secure_port), timeout=5) as wire, pytest.raises(ssl.SSLError):
        old.wrap_socket(wire)


def test_suites_without_forward_secrecy_or_authenticated_encryption_are_refused(secure_port, network):
    weak = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    weak.check_hostname, weak.verify_mode = False, ssl.CERT_NONE
    weak.maximum_version = ssl.TLSVersion.TLSv1_2
    weak.set_ciphers("AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256")
    with socket.create_connection(("127.0.0.1", secure_port), timeout=5) as wire, pytest.raises(ssl.SSLError):
        weak.wrap_socket(wire)


@pytest.fixture
def tls_peer(transactional_db, cast, tmp_path):
    """DCMTK's storescp behind TLS, and the node that stands for it."""
    started = []

    def start(shown, trusts: Path, **facts: object) -> ApplicationEntity:
        port = free_port()
        command = [
            STORESCP, "-aet", "SECURE", "-od", tmp_path, "+tls", shown.key, shown.certificate, "+cf", trusts, port,
        ]  # fmt: skip
        started.append(subprocess.Popen([str(part) for part in command], stderr=subprocess.DEVNULL))
        wait_for(port)
        values = {"ae_title": "SECURE", "host": "127.0.0.1", "use_tls": True, "timeout_s": 3}
        return ApplicationEntity.objects.create(site=cast.county, port=port, **(values | facts))

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_we_echo_a_peer_over_tls_and_the_check_names_version_and_cipher(
    tls_settings, network, tls_peer, cast
):
    node = tls_peer(network.peer, network.authority)
    with node_association(node, ECHO) as assoc:
        dul: Any = assoc.dul
        assert isinstance(dul.socket.socket, ssl.SSLSocket)
        assert assoc.send_c_echo().Status == 0x0000

    asked = ask_check(node, actor=cast.ivo, stores=True)
    perform_check(asked.pk)
    asked.refresh_from_db()
    steps = {step["name"]: step for step in asked.steps}
    assert (steps["tls"]["grade"], steps["store"]["grade"]) == ("ok", "ok")
    assert steps["tls"]["values"]["version"] in {"TLSv1.2", "TLSv1.3"}
    assert "GCM" in steps["tls"]["values"]["cipher"] or "CHACHA20" in steps["tls"]["values"]["cipher"]


@pytest.mark.parametrize(
    ("shown", "reason"), [("stranger", "CERTIFICATE_NOT_TRUSTED"), ("expired", "CERTIFICATE_NOT_TRUSTED")]
)
def test_we_do_not_call_a_peer_whose_certificate_we_cannot_trust(
    tls_settings, network, tls_peer, cast, shown, reason
):
    node = tls_peer(getattr(network, shown), network.authority)
    with pytest.raises(NodeUnavailable) as refused, node_association(node, ECHO):
        pass

    assert (refused.value.code, refused.value.reason) == ("NODE_UNREACHABLE", reason)
    assert NodeFailure.objects.get().reason == reason


def test_a_node_may_be_bound_to_its_certificate(tls_settings, network, tls_peer):
    node = tls_peer(network.peer, network.authority, certificate_fingerprints=[network.peer.fingerprint])
    with node_association(node, ECHO) as assoc:
        assert assoc.send_c_echo().Status == 0x0000

    node.certificate_fingerprints = [network.ours.fingerprint]
    with pytest.raises(NodeUnavailable) as refused, node_association(node, ECHO):
        pass
    assert refused.value.reason == "CERTIFICATE_NOT_LISTED"


def test_the_check_tells_a_peer_that_does_not_trust_us(tls_settings, network, tls_peer, cast):
    asked = ask_check(tls_peer(network.peer, network.strangers), actor=cast.ivo)
    perform_check(asked.pk)
    asked.refresh_from_db()
    steps = {step["name"]: step for step in asked.steps}
    assert (steps["tls"]["grade"], steps["tls"]["code"]) == ("failed", "TLS_FAILED")


def test_a_stalled_peer_behind_tls_is_left_in_time(tls_settings, transactional_db, cast):
    context = server_context()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        kept: list[ssl.SSLSocket] = []
        accepting = threading.Thread(
            target=lambda: kept.append(context.wrap_socket(silent.accept()[0], server_side=True)), daemon=True
        )
        accepting.start()
        node = ApplicationEntity.objects.create(
            ae_title="STALLED", site=cast.county, host="127.0.0.1", port=silent.getsockname()[1], use_tls=True,
            timeout_s=1,
        )  # fmt: skip
        with pytest.raises(NodeUnavailable) as refused, node_association(node, ECHO):
            pass
        assert refused.value.code == "NODE_UNREACHABLE"
        for wire in kept:
            wire.close()


def test_without_certificates_of_our_own_the_refusal_says_so(settings, network):
    settings.DICOM_TLS_CERTIFICATE = ""
    with pytest.raises(Conflict) as refused:
        client_context(ApplicationEntity(ae_title="X", host="x"))
    assert refused.value.code == "TLS_NOT_CONFIGURED"


def test_files_that_are_no_certificates_are_named(tls_settings, settings, tmp_path):
    settings.DICOM_TLS_CA = str(tmp_path / "missing.pem")
    with pytest.raises(InvalidInput) as refused:
        server_context()
    assert refused.value.code == "TLS_FILES_UNUSABLE"


def test_the_command_makes_files_that_work_and_keeps_what_exists(tmp_path, settings, capsys):
    call_command(
        "make_dicom_certificates", tmp_path / "made", "--host", "127.0.0.1", "--node", "CT1=10.0.0.5"
    )
    said = dict(
        line.split("=", 1) for line in capsys.readouterr().out.splitlines() if line.startswith("DICOM_")
    )
    for name, value in said.items():
        setattr(settings, name, value)

    assert server_context().verify_mode == ssl.CERT_REQUIRED
    assert (tmp_path / "made" / "authority.key").stat().st_mode & 0o077 == 0
    before = (tmp_path / "made" / "CT1.pem").read_bytes()
    call_command("make_dicom_certificates", tmp_path / "made", "--node", "CT1")
    assert (tmp_path / "made" / "CT1.pem").read_bytes() == before

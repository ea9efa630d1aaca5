"""C-STORE with a bucket as the volume new images arrive on: acknowledged means that the cluster holds the bytes."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from archive.storage.objects import local_slice, read_object
from archive.studies.models import Instance, RejectedObject
from archive.studies.selectors import read_dataset
from tests.archive.conftest import s3_credentials, s3_url, seaweedfs  # noqa: F401
from tests.archive.studies.objects import ct_slice, part10

STORESCU = Path("/usr/bin/storescu")


@pytest.fixture
def bucket(settings, s3_url):  # noqa: F811
    settings.STORAGE_URL = s3_url


@pytest.mark.skipif(not STORESCU.exists(), reason="DCMTK is not installed")
def test_what_dcmtk_sends_is_in_the_bucket_when_it_is_acknowledged(bucket, peer, tmp_path):
    files = []
    for number in range(1, 13):
        file = tmp_path / f"{number}.dcm"
        file.write_bytes(part10(ct_slice(number)))
        files.append(str(file))

    done = subprocess.run(
        [STORESCU, "-aet", peer.calling_ae_title, "-aec", peer.called_ae_title, "127.0.0.1", str(peer.port), *files],
        capture_output=True, check=False, timeout=60,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    instances = list(Instance.objects.order_by("instance_number"))
    assert [instance.instance_number for instance in instances] == list(range(1, 13))
    for instance in instances:
        assert hashlib.sha256(read_object(instance.storage_key)).hexdigest() == instance.sha256
        assert local_slice(instance.storage_key) is None
    assert read_dataset(instances[4]).InstanceNumber == 5
    assert not RejectedObject.objects.exists()


@pytest.mark.skipif(not STORESCU.exists(), reason="DCMTK is not installed")
def test_a_silent_cluster_has_the_modality_try_later(peer, tmp_path, settings):
    settings.STORAGE_URL = "s3://bucket?endpoint=http://127.0.0.1:9"
    settings.S3_ATTEMPTS = 1
    file = tmp_path / "1.dcm"
    file.write_bytes(part10(ct_slice(1)))

    done = subprocess.run(
        [STORESCU, "-v", "-aet", peer.calling_ae_title, "-aec", peer.called_ae_title, "127.0.0.1", str(peer.port),
         file],
        capture_output=True, check=False, text=True, timeout=60,
    )  # fmt: skip

    assert done.returncode != 0
    assert "Refused: OutOfResources" in done.stdout + done.stderr  # 0xA700 in the words of DCMTK
    assert not Instance.objects.exists()

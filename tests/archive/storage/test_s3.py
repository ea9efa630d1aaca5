"""An S3 volume: acknowledged is durable, created once, read by range, continued after a crash."""

import hashlib
import os

import pytest

from archive.storage.backends import default_storage, store_at
from archive.storage.keys import ObjectKey, new_segment_key, slice_key
from archive.storage.objects import local_slice, locate, object_exists, open_object, open_writer, read_object
from archive.storage.volumes.multipart import PART_SIZE
from archive.storage.volumes.s3 import S3Store
from common.errors import InvalidInput, NotFound, Unavailable

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_a_bucket(settings, s3_url):
    settings.STORAGE_URL = s3_url


def store(data):
    return open_writer().append(
        [data[:10], memoryview(data)[10:]], study_instance_uid="1.2", series_instance_uid="1.2.3"
    )


def test_an_object_is_stored_and_read_back_by_its_key():
    data = os.urandom(300_000)
    stored = store(data)

    assert stored.sha256 == hashlib.sha256(data).hexdigest()
    assert stored.key == f"sha256/{stored.sha256[:3]}/{stored.sha256}"
    assert read_object(stored.key) == data
    assert object_exists(stored.key)
    assert local_slice(stored.key) is None
    assert locate([stored.key])[stored.key].read() == data
    with open_object(stored.key) as file:
        file.seek(-1000, os.SEEK_END)
        assert file.read() == data[-1000:]
        file.seek(5)
        assert file.read(10) == data[5:15]


def test_the_same_bytes_twice_are_one_object():
    data = os.urandom(1000)

    assert store(data) == store(data)
    assert len(list(default_storage().found(f"sha256/{hashlib.sha256(data).hexdigest()[:3]}/"))) == 1


def test_a_small_object_is_sent_in_one_trip():
    sent, store_in_use = [], default_storage()
    assert isinstance(store_in_use, S3Store)

    def note(request, **_):
        sent.append((request.method, request.headers.get("Expect")))

    events = store_in_use.bucket.client.meta.events
    events.register("before-send.s3", note)
    try:
        store(os.urandom(1000))
    finally:
        events.unregister("before-send.s3", note)

    assert sent == [("PUT", None)]


def test_a_large_object_goes_in_parts_and_is_whole():
    data = os.urandom(PART_SIZE + 12_345)
    stored = store(data)

    assert hashlib.sha256(read_object(stored.key)).hexdigest() == stored.sha256
    assert store(data) == stored


def test_a_slice_of_a_segment_is_read_by_range():
    segment, data = new_segment_key(), os.urandom(100_000)
    inflow = default_storage().inflow(segment)
    inflow.append(data)
    inflow.finish()

    assert read_object(slice_key(segment, 1000, 500)) == data[1000:1500]
    with pytest.raises(NotFound):
        read_object(slice_key(segment, 99_999, 2))
    with pytest.raises(NotFound):
        open_object(slice_key(segment, 200_000, 2))


def test_an_inflow_goes_on_where_the_last_one_ended():
    segment, data = new_segment_key(), os.urandom(2 * PART_SIZE + 99)
    first = default_storage().inflow(segment)
    first.append(data[: PART_SIZE + 5])  # one whole part, and five bytes that a crash loses
    done = first.settle()
    assert done == PART_SIZE
    assert not object_exists(slice_key(segment, 0, 1))

    second = default_storage().inflow(segment, token=first.token, bytes_done=done)
    assert second.bytes_done == PART_SIZE
    second.append(data[second.bytes_done :])
    second.finish()

    assert default_storage().read(ObjectKey(segment)) == data


def test_an_upload_the_cluster_forgot_starts_anew():
    segment = new_segment_key()
    inflow = default_storage().inflow(segment, token="gone", bytes_done=PART_SIZE)

    assert inflow.bytes_done == 0
    inflow.append(b"small")
    inflow.finish()
    assert default_storage().read(ObjectKey(segment)) == b"small"


def test_what_is_set_aside_is_out_of_readers_sight_until_it_is_brought_back():
    stored = store(b"to be looked at")
    home = default_storage()

    assert home.set_aside(stored.key)
    assert not object_exists(stored.key)
    assert home.size(stored.key, aside=True) == 15
    assert home.bring_back(stored.key)
    assert not home.bring_back(stored.key)
    assert read_object(stored.key) == b"to be looked at"
    home.remove(stored.key)
    home.remove(stored.key)
    assert not object_exists(stored.key)


def test_a_staged_object_can_be_read_before_it_is_stored():
    staged = default_storage().stage()
    staged.write(b"head ")
    staged.write(b"and tail")

    assert staged.path().read_bytes() == b"head and tail"
    path, stored = staged.path(), staged.commit()
    staged.discard()
    assert not path.exists()
    assert read_object(stored.key) == b"head and tail"


def test_wrong_credentials_and_a_dead_cluster_ask_to_try_later(settings, s3_url):
    settings.S3_SECRET_ACCESS_KEY = "wrong"
    with pytest.raises(Unavailable) as refused:
        store_at(f"{s3_url}&as=another").size(new_segment_key())
    assert refused.value.code == "STORAGE_REFUSED"

    settings.S3_ATTEMPTS = 1
    with pytest.raises(Unavailable) as unreachable:
        store_at("s3://bucket?endpoint=http://127.0.0.1:9").size(new_segment_key())
    assert unreachable.value.code == "STORAGE_UNREACHABLE"
    assert not unreachable.value.permanent


@pytest.mark.parametrize("url", ["s3://", "s3://key:secret@bucket"])
def test_a_url_without_a_bucket_or_with_a_secret_is_refused(url):
    with pytest.raises(InvalidInput):
        store_at(url)


def test_readiness_asks_the_cluster_itself(s3_url):
    store_at(s3_url).check()
    with pytest.raises(Unavailable):
        store_at(s3_url.replace("s3://consilium", "s3://no-such-bucket")).check()

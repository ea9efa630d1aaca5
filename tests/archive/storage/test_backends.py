"""The file-system object store: content addresses, durability in the right order, clear refusals."""

import errno
import hashlib
import os

import pytest

from archive.storage.backends import default_storage, sweep_staged
from archive.storage.objects import object_exists, open_object
from common.errors import InvalidInput, NotFound, Unavailable


def stage(data: bytes):
    staged = default_storage().stage()
    staged.write(data)
    return staged


def test_an_object_is_found_under_the_digest_of_its_bytes():
    stored = stage(b"pixels").commit()

    assert stored.sha256 == hashlib.sha256(b"pixels").hexdigest()
    assert stored.size_bytes == 6
    with open_object(stored.key) as file:
        assert file.read() == b"pixels"


def test_the_same_bytes_twice_are_one_object():
    first, second = stage(b"same").commit(), stage(b"same").commit()

    assert first == second
    assert len(list(default_storage().path(first.key).parent.iterdir())) == 1


@pytest.mark.django_db
def test_bytes_that_were_discarded_or_never_committed_cannot_be_found():
    staged = stage(b"half an object")
    key = f"sha256/{hashlib.sha256(b'half an object').hexdigest()[:3]}/{hashlib.sha256(b'half an object').hexdigest()}"
    assert not object_exists(key)

    staged.discard()

    assert not staged.path().exists()
    with pytest.raises(NotFound):
        open_object(key)


def test_file_and_folder_are_synced_before_success(monkeypatch):
    order = []
    sync, rename = os.fsync, os.rename

    def noting_sync(handle):
        order.append("folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "file")  # noqa: PTH112
        sync(handle)

    def noting_rename(*paths):
        order.append("rename")
        rename(*paths)

    staged = stage(b"durable")
    monkeypatch.setattr("archive.storage.volumes.local.os.fsync", noting_sync)
    monkeypatch.setattr("pathlib.os.rename", noting_rename)
    staged.commit()

    assert order[0] == "file"
    assert order[-2:] == ["rename", "folder"]


def test_a_full_disk_asks_to_try_later(monkeypatch):
    staged = stage(b"")

    def full(_handle, _data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("archive.storage.volumes.local.os.write", full)
    with pytest.raises(Unavailable) as refusal:
        staged.write(b"more")

    assert refusal.value.code == "STORAGE_FULL"
    assert not refusal.value.permanent


def test_a_store_this_build_does_not_speak_is_refused_by_name(settings):
    settings.STORAGE_URL = "gopher://hole"

    with pytest.raises(InvalidInput, match="gopher"):
        default_storage()


@pytest.mark.parametrize("key", ["../../etc/passwd", "sha256/abc/../../x", "/etc/passwd", "sha256/ABC/0", ""])
def test_what_is_no_key_never_becomes_a_path(key):
    with pytest.raises(InvalidInput):
        default_storage().path(key)


def test_what_a_crash_left_half_written_is_swept_and_work_in_hand_is_not():
    left, current = stage(b"left"), stage(b"current")
    os.utime(left.path(), (0, 0))

    assert sweep_staged() == 1

    assert not left.path().exists()
    assert object_exists(current.commit().key)

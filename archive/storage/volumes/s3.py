"""A bucket of any S3 cluster. A PUT that was acknowledged is durable; nothing is seen before it is whole.

Reference  Amazon S3 API: PutObject with If-None-Match, GetObject with Range, multipart uploads
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from archive.storage.keys import ObjectKey, check_segment_key, content_key
from archive.storage.volumes.base import Found, LocalSlice
from archive.storage.volumes.bucket import Bucket
from archive.storage.volumes.multipart import PART_SIZE, MultipartInflow
from archive.storage.volumes.slices import remote_part
from archive.storage.writing import Bytes, StoredObject
from common.errors import NotFound, Unavailable

KEPT_IN_MEMORY = PART_SIZE
_MISSING = {"NoSuchKey", "404", "NoSuchBucket"}
_EXISTS = {"PreconditionFailed", "412", "ConditionalRequestConflict"}


class S3Store:
    """A bucket, with a folder of it as an option."""

    is_local = False

    def __init__(self, url: str) -> None:
        self.url = url
        self.bucket = Bucket(url)

    def check(self) -> None:
        """Raises Unavailable if the cluster does not answer, or has no such bucket for us."""
        try:
            with failures_told():
                self.bucket.client.head_bucket(Bucket=self.bucket.name)
        except NotFound as error:
            raise Unavailable("The bucket is not there", code="STORAGE_REFUSED") from error

    def stage(self) -> StagedUpload:
        """Bytes kept here until they are known whole: in memory, and in a temporary file from some MiB on."""
        return StagedUpload(self)

    def open(self, where: ObjectKey, *, aside: bool = False) -> BinaryIO:
        """The object; fetched by range as it is read. Raises NotFound."""
        length = self.size(where.segment, aside=aside) if where.length is None else where.length
        key = self.name(where.segment, aside=aside)
        if where.length is not None:
            self._check_long_enough(where, aside=aside)

        def fetch(position: int, count: int) -> bytes:
            return self._get(key, where.offset + position, min(count, length - position))

        return remote_part(length, fetch)

    def read(self, where: ObjectKey) -> bytes:
        """The object's bytes by one GET. Raises NotFound if there are none, or fewer than there should be."""
        data = self._get(self.name(where.segment), where.offset, where.length)
        if where.length is not None and len(data) < where.length:
            raise NotFound("The segment ends before the object does", code="OBJECT_MISSING")
        return data

    def size(self, segment: str, *, aside: bool = False) -> int:
        with failures_told():
            head = self.bucket.client.head_object(
                Bucket=self.bucket.name, Key=self.name(segment, aside=aside)
            )
        return int(head["ContentLength"])

    def local_slice(self, where: ObjectKey) -> LocalSlice | None:  # noqa: ARG002 - a bucket has no files
        return None

    def path(self, segment: str, *, aside: bool = False) -> Path:  # noqa: ARG002
        raise Unavailable("A bucket has no files", code="STORAGE_WITHOUT_FILES")

    def inflow(self, segment: str, *, token: str = "", bytes_done: int = 0) -> MultipartInflow:
        with failures_told():
            return MultipartInflow(self.bucket, self.name(segment), token, bytes_done)

    def remove(self, segment: str, *, aside: bool = False) -> None:
        with failures_told():
            self.bucket.client.delete_object(Bucket=self.bucket.name, Key=self.name(segment, aside=aside))

    def set_aside(self, segment: str) -> bool:
        return self._move(self.name(segment), self.name(segment, aside=True))

    def bring_back(self, segment: str) -> bool:
        return self._move(self.name(segment, aside=True), self.name(segment))

    def found(self, folder: str) -> Iterator[Found]:
        prefix = f"{self.bucket.prefix}{folder}"
        with failures_told():
            pages = self.bucket.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket.name, Prefix=prefix
            )
            for page in pages:
                for entry in page.get("Contents", ()):
                    segment = str(entry["Key"])[len(self.bucket.prefix) :]
                    yield Found(segment, int(entry["Size"]), entry["LastModified"])

    def free_bytes(self) -> int | None:
        return None

    def sweep_staged(self, *, older_than_s: float) -> int:  # noqa: ARG002 - temporary files have no name
        return 0

    def name(self, segment: str, *, aside: bool = False) -> str:
        """What the segment is called in the bucket."""
        return f"{self.bucket.prefix}{'aside/' if aside else ''}{check_segment_key(segment)}"

    def put_once(self, segment: str, body: BinaryIO, *, size_bytes: int, sha256: str) -> None:
        """Store an object under the digest of its bytes, unless it is there already."""
        key = self.name(segment)
        if size_bytes > KEPT_IN_MEMORY:
            self._put_in_parts(key, body, size_bytes)
            return
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        with failures_told():
            try:
                self.bucket.client.put_object(
                    Bucket=self.bucket.name, Key=key, Body=body, IfNoneMatch="*", ChecksumSHA256=checksum
                )
            except ClientError as error:
                if _code(error) not in _EXISTS:
                    raise

    def _put_in_parts(self, key: str, body: BinaryIO, size_bytes: int) -> None:
        with contextlib.suppress(NotFound), failures_told():
            head = self.bucket.client.head_object(Bucket=self.bucket.name, Key=key)
            if head["ContentLength"] == size_bytes:
                return
        with failures_told():
            inflow = MultipartInflow(self.bucket, key, "", 0)
        with contextlib.ExitStack() as unless_finished:
            unless_finished.callback(inflow.abandon)
            while block := body.read(PART_SIZE):
                inflow.append(block)
            inflow.finish()
            unless_finished.pop_all()

    def _get(self, key: str, offset: int, length: int | None) -> bytes:
        wanted: dict[str, Any] = {}
        if offset or length is not None:
            end = "" if length is None else str(offset + length - 1)
            wanted["Range"] = f"bytes={offset}-{end}"
        if length == 0:
            return b""
        with failures_told():
            answer = self.bucket.client.get_object(Bucket=self.bucket.name, Key=key, **wanted)
            with contextlib.closing(answer["Body"]) as body:
                return bytes(body.read())

    def _check_long_enough(self, where: ObjectKey, *, aside: bool) -> None:
        if where.offset + (where.length or 0) > self.size(where.segment, aside=aside):
            raise NotFound("The segment ends before the object does", code="OBJECT_MISSING")

    def _move(self, source: str, target: str) -> bool:
        """Copy within the cluster, then delete: both names exist for a moment, never none."""
        client, bucket = self.bucket.client, self.bucket.name
        try:
            with failures_told():
                client.copy_object(Bucket=bucket, Key=target, CopySource={"Bucket": bucket, "Key": source})
                client.delete_object(Bucket=bucket, Key=source)
        except NotFound:
            return False
        return True


class StagedUpload:
    """An object on its way to a bucket, kept here until it is whole."""

    def __init__(self, store: S3Store) -> None:
        self.size_bytes = 0
        self._store = store
        self._digest = hashlib.sha256()
        self._kept = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY)  # noqa: SIM115 - closed by discard
        self._copy: Path | None = None

    def write(self, data: Bytes) -> None:
        view = memoryview(data)
        self._digest.update(view)
        self.size_bytes += view.nbytes
        with failures_told():
            self._kept.write(view)

    def path(self) -> Path:
        """A local file with what was written so far; made when it is asked for."""
        with failures_told():
            if self._copy is None:
                self._copy = Path(tempfile.mkstemp(prefix="consilium-staged-")[1])
            self._kept.seek(0)
            with self._copy.open("wb") as copy:
                shutil.copyfileobj(self._kept, copy)
        return self._copy

    def commit(self) -> StoredObject:
        """Upload the bytes; durable when the cluster has acknowledged them.

        Raises  Unavailable if the cluster cannot take them.
        """
        digest = self._digest.hexdigest()
        key = content_key(digest)
        self._kept.seek(0)
        self._store.put_once(key, self._kept, size_bytes=self.size_bytes, sha256=digest)  # type: ignore[arg-type]
        return StoredObject(key, self.size_bytes, digest)

    def discard(self) -> None:
        self._kept.close()
        if self._copy is not None:
            self._copy.unlink(missing_ok=True)
            self._copy = None


@contextlib.contextmanager
def failures_told() -> Iterator[None]:
    """Turn what the cluster, the network or the disk refuses into our words."""
    try:
        yield
    except ClientError as error:
        code = _code(error)
        if code in _MISSING:
            raise NotFound("The object is not in the store", code="OBJECT_MISSING") from error
        if code in {"InvalidRange", "416"}:
            raise NotFound("The segment ends before the object does", code="OBJECT_MISSING") from error
        raise Unavailable("The object store refuses the request", code="STORAGE_REFUSED") from error
    except (BotoCoreError, OSError) as error:
        raise Unavailable("The object store does not answer", code="STORAGE_UNREACHABLE") from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))

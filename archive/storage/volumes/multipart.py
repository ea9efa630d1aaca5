"""Writing a large object to a bucket in parts that outlive a crash; a small one by a single PUT.

Reference  Amazon S3 API: CreateMultipartUpload, UploadPart, ListParts, CompleteMultipartUpload
"""

from __future__ import annotations

import contextlib
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from archive.storage.volumes.bucket import Bucket
from archive.storage.writing import Bytes
from common.errors import Unavailable

PART_SIZE = 8 * 1024 * 1024  # at most 10 000 parts: objects up to 80 GB


class MultipartInflow:
    """Parts of equal size, uploaded as soon as each is full. `token` is the cluster's name for the upload."""

    def __init__(self, bucket: Bucket, key: str, token: str, bytes_done: int) -> None:
        self._bucket, self._key = bucket, key
        self._parts: list[dict[str, Any]] = []
        self._waiting = bytearray()
        self.token = token if bytes_done and self._continued(token, bytes_done) else ""
        self.bytes_done = len(self._parts) * PART_SIZE

    def append(self, data: Bytes) -> None:
        self._waiting += data
        while len(self._waiting) >= PART_SIZE:
            self._upload(bytes(self._waiting[:PART_SIZE]))
            del self._waiting[:PART_SIZE]

    def settle(self) -> int:
        return self.bytes_done

    def finish(self) -> None:
        client, names = self._bucket.client, {"Bucket": self._bucket.name, "Key": self._key}
        with _refusals_told():
            if not self.token:
                client.put_object(**names, Body=bytes(self._waiting))
                return
            if self._waiting:
                self._upload(bytes(self._waiting))
            client.complete_multipart_upload(
                **names, UploadId=self.token, MultipartUpload={"Parts": self._parts}
            )

    def release(self) -> None:
        """Nothing is held."""

    def abandon(self) -> None:
        if self.token:
            with contextlib.suppress(ClientError, BotoCoreError):
                self._bucket.client.abort_multipart_upload(
                    Bucket=self._bucket.name, Key=self._key, UploadId=self.token
                )

    def _upload(self, part: bytes) -> None:
        client, names = self._bucket.client, {"Bucket": self._bucket.name, "Key": self._key}
        with _refusals_told():
            if not self.token:
                self.token = str(client.create_multipart_upload(**names)["UploadId"])
            number = len(self._parts) + 1
            answer = client.upload_part(**names, UploadId=self.token, PartNumber=number, Body=part)
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        if len(part) == PART_SIZE:
            self.bytes_done += PART_SIZE

    def _continued(self, token: str, bytes_done: int) -> bool:
        """Whether the upload is still open at the cluster; its whole parts are then taken as they are."""
        try:
            pages = self._bucket.client.get_paginator("list_parts").paginate(
                Bucket=self._bucket.name, Key=self._key, UploadId=token
            )
            held = [part for page in pages for part in page.get("Parts", ())]
        except ClientError:
            return False
        for number, part in enumerate(held[: bytes_done // PART_SIZE], start=1):
            if part["PartNumber"] != number or part["Size"] != PART_SIZE:
                break
            self._parts.append({"PartNumber": number, "ETag": part["ETag"]})
        return bool(self._parts)


@contextlib.contextmanager
def _refusals_told() -> Any:
    try:
        yield
    except ClientError as error:
        raise Unavailable("The object store refuses the request", code="STORAGE_REFUSED") from error
    except (BotoCoreError, OSError) as error:
        raise Unavailable("The object store does not answer", code="STORAGE_UNREACHABLE") from error

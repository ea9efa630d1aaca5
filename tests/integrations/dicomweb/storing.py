"""Requests that store, as programs send them."""

from __future__ import annotations

import json
from typing import Any

from pydicom.dataset import Dataset

from tests.portal.stored_images import ct_slice, part10

STUDIES = "/dicomweb/studies"
RELATED = 'multipart/related; type="application/dicom"; boundary=frontier'


def multipart(*bodies: bytes, kind: str = "application/dicom") -> bytes:
    head = f"--frontier\r\nContent-Type: {kind}\r\n\r\n".encode()
    return b"".join(head + body + b"\r\n" for body in bodies) + b"--frontier--\r\n"


def slices(count: int, *, study: str = "1.2.3", series: str = "1.2.3.4", **elements: object) -> list[bytes]:
    return [part10(ct_slice(study, series, index, value=index, **elements)) for index in range(count)]


def described(dataset: Dataset, *, uri: str = "bulk/1") -> dict[str, Any]:
    """The data set as its sender describes it: pixel data by reference."""
    told_of = dataset.to_json_dict()
    told_of["7FE00010"] = {"vr": "OW", "BulkDataURI": uri}
    return told_of


def message(instances: object, **bulk: bytes) -> bytes:
    """Instances as JSON metadata, and behind them the bulk data that they name."""
    text = instances if isinstance(instances, bytes) else json.dumps(instances).encode()
    parts = [b"--frontier\r\nContent-Type: application/dicom+json\r\n\r\n" + text + b"\r\n"]
    for name, body in bulk.items():
        head = (
            f"--frontier\r\nContent-Type: application/octet-stream\r\nContent-Location: bulk/{name}\r\n\r\n"
        )
        parts.append(head.encode() + body + b"\r\n")
    return b"".join(parts) + b"--frontier--\r\n"


def told(answer) -> Dataset:
    """What the answer says became of the instances."""
    return Dataset.from_json(json.loads(answer.content))

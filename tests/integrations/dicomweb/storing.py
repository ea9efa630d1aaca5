"""Requests that store, as programs send them."""

from __future__ import annotations

import json

from pydicom.dataset import Dataset

from tests.portal.stored_images import ct_slice, part10

STUDIES = "/dicomweb/studies"
RELATED = 'multipart/related; type="application/dicom"; boundary=frontier'


def multipart(*bodies: bytes, kind: str = "application/dicom") -> bytes:
    head = f"--frontier\r\nContent-Type: {kind}\r\n\r\n".encode()
    return b"".join(head + body + b"\r\n" for body in bodies) + b"--frontier--\r\n"


def slices(count: int, *, study: str = "1.2.3", series: str = "1.2.3.4", **elements: object) -> list[bytes]:
    return [part10(ct_slice(study, series, index, value=index, **elements)) for index in range(count)]


def told(answer) -> Dataset:
    """What the answer says became of the instances."""
    return Dataset.from_json(json.loads(answer.content))

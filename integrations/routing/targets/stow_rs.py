"""A DICOMweb server: objects leave by STOW-RS, some at a time, and the answer tells of each.

Reference  PS3.18 §10.5
"""

from __future__ import annotations

import json
import secrets
import ssl
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import httpx

from common.errors import Conflict, InvalidInput, ServiceError, Unavailable
from integrations.routing.models import Destination
from integrations.routing.targets.addresses import check_address
from integrations.routing.targets.base import Outcome, Outgoing, Parcel, Verdict, check_all
from integrations.routing.targets.secrets import check_secret_name, secret

_SECRETS = ("token_secret", "password_secret")
OBJECTS_AT_ONCE = 50
BYTES_AT_ONCE = 32 * 1024 * 1024
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_SOP_INSTANCE, _FAILED, _REASON, _STORED = "00081155", "00081198", "00081197", "00081199"
_OUT_OF_RESOURCES = range(0xA700, 0xA800)
_NOT_NOW = frozenset({408, 425, 429, 500, 502, 503, 504})


class StowTarget:
    """POST to `{address}/studies`.

    Configuration: `address`; `token_secret`, or `user` and `password_secret`; `authorities` (a PEM file).
    """

    settings = frozenset({"address", "allow_plain", "user", "authorities", *_SECRETS})

    def check(self, destination: Destination) -> None:
        known = destination.configuration
        check_all(
            lambda: check_address(known, field="address"),
            *(partial(check_secret_name, str(known.get(field) or ""), field=field) for field in _SECRETS),
        )

    def send(self, destination: Destination, parcels: Sequence[Parcel]) -> Iterator[Outcome]:
        """Raises  Unavailable if the server is out of reach or refuses us altogether."""
        with _client(destination.configuration) as client:
            for batch in _batches(parcels):
                loaded, outcomes = _loaded(batch)
                if loaded:
                    outcomes |= _stored(client, loaded)
                for parcel in batch:
                    yield outcomes[parcel.delivery_id]


def _client(known: Mapping[str, Any]) -> httpx.Client:
    headers = {"Accept": "application/dicom+json"}
    token = secret(str(known.get("token_secret") or ""))
    if token:
        headers["Authorization"] = f"Bearer {token}"
    user = str(known.get("user") or "")
    auth = (user, secret(str(known.get("password_secret") or ""))) if user else None
    return httpx.Client(
        base_url=str(known["address"]).rstrip("/"), headers=headers, auth=auth, timeout=TIMEOUT,
        verify=_trust(str(known.get("authorities") or "")), follow_redirects=False, trust_env=False,
    )  # fmt: skip


def _trust(authorities: str) -> ssl.SSLContext:
    """Whom we believe: the authorities in a PEM file, or those the machine knows. TLS 1.2 at least (BCP 195)."""
    try:
        tls = ssl.create_default_context(cafile=authorities or None)
    except OSError as error:
        raise Conflict("The file of authorities cannot be read", code="AUTHORITIES_UNREADABLE") from error
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    return tls


def _batches(parcels: Sequence[Parcel]) -> Iterator[list[Parcel]]:
    """Objects in order, a request each batch; a large object goes by itself."""
    batch: list[Parcel] = []
    size = 0
    for parcel in parcels:
        if batch and (len(batch) >= OBJECTS_AT_ONCE or size + parcel.size_bytes > BYTES_AT_ONCE):
            yield batch
            batch, size = [], 0
        batch.append(parcel)
        size += parcel.size_bytes
    if batch:
        yield batch


def _loaded(batch: Sequence[Parcel]) -> tuple[list[tuple[Parcel, Outgoing]], dict[int, Outcome]]:
    loaded, outcomes = [], {}
    for parcel in batch:
        try:
            loaded.append((parcel, parcel.load()))
        except ServiceError as error:
            verdict = Verdict.REFUSED if error.permanent else Verdict.NOT_NOW
            outcomes[parcel.delivery_id] = Outcome(parcel, verdict, error.code)
    return loaded, outcomes


def _stored(client: httpx.Client, loaded: Sequence[tuple[Parcel, Outgoing]]) -> dict[int, Outcome]:
    boundary = secrets.token_hex(16)
    try:
        answer = client.post(
            "/studies",
            content=_body([outgoing for _, outgoing in loaded], boundary),
            headers={
                "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
                "Content-Length": str(_length([outgoing for _, outgoing in loaded], boundary)),
            },
        )
    except httpx.TransportError as error:
        raise Unavailable("The server does not answer", code="SERVER_UNREACHABLE") from error
    if answer.status_code in _NOT_NOW:
        raise Unavailable("The server cannot take objects now", code=f"HTTP_{answer.status_code}")
    if answer.status_code in (200, 202, 409):
        failed, told = _said(answer)
        return {one.delivery_id: _judged(one, out, failed, told, answer) for one, out in loaded}
    if answer.status_code in (400, 413, 415) and len(loaded) == 1:
        one, _ = loaded[0]
        return {one.delivery_id: Outcome(one, Verdict.REFUSED, f"HTTP_{answer.status_code}")}
    if answer.status_code in (400, 413, 415):  # one of them spoils it for all: ask one by one
        outcomes: dict[int, Outcome] = {}
        for pair in loaded:
            outcomes |= _stored(client, [pair])
        return outcomes
    raise InvalidInput("The server refuses us", code=f"HTTP_{answer.status_code}")


def _head(boundary: str) -> bytes:
    return f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()


def _tail(boundary: str) -> bytes:
    return f"--{boundary}--\r\n".encode()


def _body(objects: Sequence[Outgoing], boundary: str) -> Iterator[bytes]:
    """PS3.18 §8.6.1.2: the parts one after the other, never put together in memory."""
    for outgoing in objects:
        yield _head(boundary)
        yield outgoing.data
        yield b"\r\n"
    yield _tail(boundary)


def _length(objects: Sequence[Outgoing], boundary: str) -> int:
    around = len(_head(boundary)) + 2
    return sum(len(outgoing.data) + around for outgoing in objects) + len(_tail(boundary))


def _said(answer: httpx.Response) -> tuple[dict[str, int], set[str]]:
    """Failure reasons and stored objects by SOP Instance UID (PS3.18 §10.5.3); an unreadable answer says nothing."""
    try:
        body = json.loads(answer.content)
        failed = {
            item[_SOP_INSTANCE]["Value"][0]: int(item.get(_REASON, {}).get("Value", [0])[0])
            for item in body.get(_FAILED, {}).get("Value", [])
        }
        stored = {item[_SOP_INSTANCE]["Value"][0] for item in body.get(_STORED, {}).get("Value", [])}
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return {}, set()
    return failed, stored


def _judged(
    parcel: Parcel, outgoing: Outgoing, failed: Mapping[str, int], stored: set[str], answer: httpx.Response
) -> Outcome:
    uid = outgoing.sop_instance_uid
    if uid in failed:
        verdict = Verdict.NOT_NOW if failed[uid] in _OUT_OF_RESOURCES else Verdict.REFUSED
        return Outcome(parcel, verdict, f"FAILURE_{failed[uid]:04X}")
    if uid in stored or answer.status_code == httpx.codes.OK:
        return Outcome(parcel, Verdict.SENT, sent_as=uid)
    return Outcome(parcel, Verdict.NOT_NOW, f"HTTP_{answer.status_code}")

"""A DICOMweb server: objects leave by STOW-RS, some at a time, and the answer tells of each.

Reference  PS3.18 §10.5
"""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

import httpx

from common.errors import Conflict, InvalidInput, ServiceError, Unavailable
from integrations.routing.models import Destination
from integrations.routing.targets.addresses import check_address
from integrations.routing.targets.base import AnswerLost, Outcome, Outgoing, Parcel, Verdict, check_all
from integrations.routing.targets.secrets import check_secret_name, secret
from integrations.routing.targets.stow_rs_answers import Answer, read_answer

_SECRETS = ("token_secret", "password_secret")
OBJECTS_AT_ONCE = 50
BYTES_AT_ONCE = 32 * 1024 * 1024
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_NOT_NOW = frozenset({408, 425, 429, 500, 502, 503, 504})
_TELLING = frozenset({200, 202, 400, 409, 413, 415})
_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol)
_SPOILT = frozenset({400, 413, 415})


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
                    outcomes |= _answered(client, loaded)
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


def _answered(client: httpx.Client, loaded: Sequence[tuple[Parcel, Outgoing]]) -> dict[int, Outcome]:
    """Raises  AnswerLost if the server had the objects, or some, and said nothing."""
    try:
        return _stored(client, loaded)
    except Unavailable as error:
        if error.__cause__ is None or isinstance(error.__cause__, _NOT_CONNECTED):
            raise
        raise AnswerLost([parcel for parcel, _ in loaded], error.message, code=error.code) from error


def _stored(client: httpx.Client, loaded: Sequence[tuple[Parcel, Outgoing]]) -> dict[int, Outcome]:
    """What became of each object: as the answer says, and of those it says nothing of, asked one by one."""
    answer = _posted(client, [outgoing for _, outgoing in loaded])
    told: dict[int, Outcome] = {}
    untold: list[tuple[Parcel, Outgoing]] = []
    for parcel, outgoing in loaded:
        outcome = _judged(parcel, outgoing, answer)
        if outcome is None:
            untold.append((parcel, outgoing))
        else:
            told[parcel.delivery_id] = outcome
    for parcel, outgoing in untold:
        alone = answer if len(loaded) == 1 else _posted(client, [outgoing])
        told[parcel.delivery_id] = _judged(parcel, outgoing, alone) or _judged_by_status(
            parcel, outgoing, alone
        )
    return told


def _posted(client: httpx.Client, objects: Sequence[Outgoing]) -> Answer:
    """The answer to one request. Raises  Unavailable, or InvalidInput if it tells of no object."""
    boundary = secrets.token_hex(16)
    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        "Content-Length": str(_length(objects, boundary)),
    }
    try:
        answer = client.post("/studies", content=_body(objects, boundary), headers=headers)
    except httpx.RequestError as error:
        raise Unavailable("The server does not answer", code="SERVER_UNREACHABLE") from error
    if answer.status_code in _NOT_NOW:
        raise Unavailable("The server cannot take objects now", code=f"HTTP_{answer.status_code}")
    if answer.status_code not in _TELLING:
        raise InvalidInput("The server refuses us", code=f"HTTP_{answer.status_code}")
    return read_answer(answer.status_code, answer.content)


def _judged(parcel: Parcel, outgoing: Outgoing, answer: Answer) -> Outcome | None:
    """How one object ended; None if the answer leaves that open."""
    uid = outgoing.sop_instance_uid
    if uid in answer.failed:
        verdict = Verdict.NOT_NOW if answer.is_out_of_resources(uid) else Verdict.REFUSED
        return Outcome(parcel, verdict, f"FAILURE_{answer.failed[uid]:04X}")
    if uid in answer.stored or (answer.status == HTTPStatus.OK and not answer.names_any):
        return Outcome(parcel, Verdict.SENT, sent_as=uid)
    return None


def _judged_by_status(parcel: Parcel, outgoing: Outgoing, answer: Answer) -> Outcome:
    """How an object ended that went alone and is still not named."""
    if answer.status == HTTPStatus.OK:
        return Outcome(parcel, Verdict.SENT, sent_as=outgoing.sop_instance_uid)
    verdict = Verdict.REFUSED if answer.status in _SPOILT else Verdict.NOT_NOW
    return Outcome(parcel, verdict, f"HTTP_{answer.status}")


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

"""What a target is: it takes objects one after the other and tells of each how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from archive.storage.objects import LocalSlice
from common.errors import InvalidInput, ServiceError, Unavailable
from integrations.routing.models import Destination


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An object as it leaves: a whole Part 10 file, and where its data set begins."""

    data: bytes
    offset: int
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str


def _nowhere() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Parcel:
    """One object to be sent. `load` reads it, and changes it as asked; the same every time.

    `transfer_syntax_uids` are those it may leave in. `local` finds the Part 10 file, or part of one, on our
    own disks that leaves just as it is; None if there is no such file, or the object is changed on its way.
    Raises  of `load`: NotFound if the bytes are gone, InvalidInput if they cannot be changed as asked.
    """

    delivery_id: int
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uids: tuple[str, ...]
    size_bytes: int
    load: Callable[[], Outgoing]
    local: Callable[[], LocalSlice | None] = _nowhere


class Verdict(StrEnum):
    SENT = "sent"
    REFUSED = "refused"
    NOT_NOW = "not_now"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one object ended: taken, refused for good, or refused for now. `sent_as` is its UID at the receiver."""

    parcel: Parcel
    verdict: Verdict
    code: str = ""
    sent_as: str = ""


class AnswerLost(Unavailable):
    """The connection broke after these objects had gone and before the receiver said what became of them."""

    def __init__(self, parcels: Sequence[Parcel], message: str, *, code: str) -> None:
        super().__init__(message, code=code)
        self.parcels = list(parcels)


def loaded(parcel: Parcel) -> Outgoing | Outcome:
    """The object, read and changed as asked; or how it ends because that cannot be done."""
    try:
        return parcel.load()
    except ServiceError as error:
        return Outcome(parcel, Verdict.REFUSED if error.permanent else Verdict.NOT_NOW, error.code)


class Target(Protocol):
    """A kind of destination.

    `send` yields an outcome right after the receiver's answer to each object, in the order given, and raises
    Unavailable if the receiver is out of reach: what has no outcome then counts as not sent, but for what an
    AnswerLost names. It may be asked to send an object again that the receiver has already. `settings` are the
    names a configuration may hold.
    """

    settings: frozenset[str]

    def check(self, destination: Destination) -> None:
        """Raises InvalidInput, with `fields`, if the destination's configuration will not do."""
        ...

    def send(self, destination: Destination, parcels: Sequence[Parcel]) -> Iterator[Outcome]: ...


def check_all(*checks: Callable[[], object]) -> None:
    """Make every check. Raises InvalidInput, the first one's, with the fields of all that refused."""
    refusals: list[InvalidInput] = []
    for check in checks:
        try:
            check()
        except InvalidInput as refusal:
            refusals.append(refusal)
    if refusals:
        fields = {name: told for one in reversed(refusals) for name, told in one.fields.items()}
        raise InvalidInput(refusals[0].message, code=refusals[0].code, fields=fields)


_targets: dict[str, Target] = {}


def register_target(kind: str, target: Target) -> None:
    """Have destinations of this kind served by `target`. Called when the app is ready."""
    _targets[kind] = target


def target_of(kind: str) -> Target:
    """The target for a kind of destination."""
    return _targets[kind]

"""A DICOM node: objects leave by C-STORE, all of a batch over one association.

Reference  PS3.4 §B.2
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _

from common.errors import Conflict, InvalidInput, ServiceError, Unavailable
from integrations.dicom.nodes.calling import Purpose, node_association
from integrations.dicom.nodes.limits import TrafficMeter
from integrations.dicom.scu.store import StorageSCU, StoredFile, contexts_of, data_set_offset
from integrations.routing.models import Destination
from integrations.routing.targets.base import AnswerLost, Outcome, Parcel, Verdict

SUCCESS = 0x0000
LOST = "ASSOCIATION_LOST"
CONTEXT_NOT_ACCEPTED = 0x0122
_WARNINGS = range(0xB000, 0xC000)
_OUT_OF_RESOURCES = range(0xA700, 0xA800)
_AT_MOST_CONTEXTS = 128


class DimseTarget:
    """C-STORE to the destination's node."""

    settings = frozenset[str]()

    def check(self, destination: Destination) -> None:
        if destination.node is None:
            problem = _("Choose a node.")
            raise InvalidInput(problem, code="NODE_MISSING", fields={"node": problem})
        if not destination.node.host:
            problem = _("This node only calls us: it has no address to send to.")
            raise InvalidInput(problem, code="NODE_HAS_NO_ADDRESS", fields={"node": problem})

    def send(self, destination: Destination, parcels: Sequence[Parcel]) -> Iterator[Outcome]:
        """Raises  Unavailable if the node is out of reach or hangs up; Conflict if it cannot be called at all."""
        if destination.node is None:
            raise Conflict("The destination names no node", code="NODE_MISSING")
        for batch in _batches(parcels):
            with (
                node_association(destination.node, _contexts(batch), purpose=Purpose.SEND) as assoc,
                TrafficMeter(destination.node) as meter,
            ):
                scu = StorageSCU(assoc)
                for parcel in batch:
                    meter.count(parcel.size_bytes)
                    try:
                        yield _answered(scu, parcel)
                    except GeneratorExit:  # nothing more is to go: released, not aborted
                        return


def _batches(parcels: Sequence[Parcel]) -> Iterator[list[Parcel]]:
    """As many objects, in order, as the contexts of one association serve."""
    batch: list[Parcel] = []
    pairs: set[tuple[str, str]] = set()
    for parcel in parcels:
        more = pairs | {(parcel.sop_class_uid, syntax) for syntax in parcel.transfer_syntax_uids}
        if len(more) > _AT_MOST_CONTEXTS and batch:
            yield batch
            batch, more = [], {(parcel.sop_class_uid, syntax) for syntax in parcel.transfer_syntax_uids}
        batch.append(parcel)
        pairs = more
    if batch:
        yield batch


def _contexts(batch: Sequence[Parcel]) -> list[Any]:
    pairs = {(one.sop_class_uid, syntax) for one in batch for syntax in one.transfer_syntax_uids}
    return contexts_of(pairs, with_fallback=True)


def _answered(scu: StorageSCU, parcel: Parcel) -> Outcome:
    """Raises  AnswerLost if the association ends with the object on its way, or just before."""
    try:
        return _sent(scu, parcel)
    except Unavailable as error:
        raise AnswerLost([parcel], error.message, code=error.code) from error


def _sent(scu: StorageSCU, parcel: Parcel) -> Outcome:
    try:
        stored = _stored(parcel)
        if stored is not None:
            return judged(parcel, scu.send(stored), sent_as=parcel.sop_instance_uid)
        outgoing = parcel.load()
    except Unavailable as error:
        if error.code == LOST:
            raise
        return Outcome(parcel, Verdict.NOT_NOW, error.code)
    except ServiceError as error:
        return Outcome(parcel, Verdict.REFUSED, error.code)
    status = scu.send_encoded(
        memoryview(outgoing.data)[outgoing.offset :],
        sop_class_uid=outgoing.sop_class_uid,
        sop_instance_uid=outgoing.sop_instance_uid,
        transfer_syntax_uid=outgoing.transfer_syntax_uid,
    )
    return judged(parcel, status, sent_as=outgoing.sop_instance_uid)


def _stored(parcel: Parcel) -> StoredFile | None:
    """The object as part of a file of ours, so that it leaves without being read into memory."""
    lies = parcel.local()
    if lies is None:
        return None
    try:
        with lies.path.open("rb") as file:
            file.seek(lies.offset)
            start = data_set_offset(file.read(144))
    except FileNotFoundError:  # moved to another volume in this very moment
        return None
    return StoredFile(
        lies.path, parcel.sop_class_uid, parcel.sop_instance_uid, parcel.transfer_syntax_uids[0],
        lies.offset + start, lies.length - start,
    )  # fmt: skip


def judged(parcel: Parcel, status: int, *, sent_as: str) -> Outcome:
    """What a C-STORE status means for the object (PS3.4 §B.2.3, PS3.7 §C)."""
    if status == SUCCESS or status in _WARNINGS:
        return Outcome(parcel, Verdict.SENT, f"WARNING_{status:04X}" if status else "", sent_as)
    if status == CONTEXT_NOT_ACCEPTED:
        return Outcome(parcel, Verdict.REFUSED, "CONTEXT_NOT_ACCEPTED")
    verdict = Verdict.NOT_NOW if status in _OUT_OF_RESOURCES else Verdict.REFUSED
    return Outcome(parcel, verdict, f"STATUS_{status:04X}")

"""The one door for objects: check, store, index; and keep what is refused.

An edge opens a `Reception`, writes the bytes as they come, and closes it; success means durable and indexed.
"""

from __future__ import annotations

import structlog

from accounts.actors import SystemActor
from accounts.models import Site
from archive.storage.backends import StagedObject, StoredObject, default_storage
from archive.studies.header import SOP_CLASS_UID, SOP_INSTANCE_UID, Header
from archive.studies.received import ReceivedObject, inspect
from archive.studies.services import StoredOutcome, reject_object, store_received
from common.errors import InvalidInput, ServiceError
from common.uids import is_uid_lenient

log = structlog.get_logger(__name__)


class Reception:
    """One object on its way in, from a peer whose site is known.

    `sop_class_uid` and `sop_instance_uid` are what the peer says it sends; the object must agree. A disk
    that fails while bytes come in is told at the end, so that the edge can take the message off the wire.
    """

    def __init__(
        self,
        *,
        head: bytes,
        sop_class_uid: str,
        sop_instance_uid: str,
        transfer_syntax_uid: str,
        site: Site,
        calling_ae_title: str,
        actor: SystemActor,
    ) -> None:
        self._offset = len(head)
        self._claimed = (sop_class_uid, sop_instance_uid)
        self._transfer_syntax_uid = transfer_syntax_uid
        self._site, self._calling, self._actor = site, calling_ae_title, actor
        self._failure: ServiceError | None = None
        self._staged: StagedObject | None = None
        try:
            self._staged = default_storage().stage()
        except ServiceError as error:
            self._failure = error
        self.write(head)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes; a failure is kept for `finish`."""
        if self._staged is None or self._failure is not None:
            return
        try:
            self._staged.write(data)
        except ServiceError as error:
            self._failure = error

    def finish(self) -> StoredOutcome:
        """Make the object durable and index it.

        Raises  ServiceError with the reason of refusal, after the object was kept for a person to look at.
        """
        stored: StoredObject | None = None
        try:
            staged = self._taken()
            header = self._checked(staged)
            stored = staged.commit()
            return store_received(
                ReceivedObject(header, self._transfer_syntax_uid, stored),
                site=self._site,
                calling_ae_title=self._calling,
                actor=self._actor,
                is_sending=True,
            )
        except ServiceError as error:
            self._keep_refused(error, stored)
            raise
        finally:
            self.discard()

    def discard(self) -> None:
        """Forget an object whose sender went away."""
        if self._staged is not None:
            self._staged.discard()

    def _taken(self) -> StagedObject:
        if self._failure is not None:
            raise self._failure
        if self._staged is None:  # pragma: no cover - a failure says why there is none
            raise InvalidInput("Nothing was staged")
        return self._staged

    def _checked(self, staged: StagedObject) -> Header:
        if not is_uid_lenient(self._transfer_syntax_uid):
            raise InvalidInput("The transfer syntax is not a UID", code="SOP_MISMATCH")
        header = inspect(staged.path(), offset=self._offset, transfer_syntax_uid=self._transfer_syntax_uid)
        found = (header.text(SOP_CLASS_UID), header.text(SOP_INSTANCE_UID))
        if found != self._claimed:
            raise InvalidInput(
                "SOP Class or Instance UID of the object and of the request differ", code="SOP_MISMATCH"
            )
        return header

    def _keep_refused(self, error: ServiceError, stored: StoredObject | None) -> None:
        """Write down a refusal; one that will be tried again is only logged."""
        log.warning("object.refused", code=error.code, calling_ae_title=self._calling)
        if not error.permanent:
            return
        if stored is None and self._staged is not None:
            stored = self._staged.commit()
        reject_object(
            error,
            site=self._site,
            calling_ae_title=self._calling,
            sop_class_uid=self._claimed[0],
            sop_instance_uid=self._claimed[1],
            stored=stored,
            actor=self._actor,
        )

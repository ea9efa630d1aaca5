"""Telling a peer how its retrieval goes: pending responses with counts, and how it ended.

Reference  PS3.4 §C.4.2.1.4-7, §C.4.3.1.4 (statuses, counts, Failed SOP Instance UID List)
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Iterator, Sequence
from typing import cast

import structlog

from common.errors import ServiceError
from integrations.dicom.retrieval import Progress, Wanted
from integrations.dicom.scp.conversation import Conversation
from integrations.dicom.scp.encoding import ElementWriter
from integrations.dicom.status import CANCELLED, PENDING, SOME_FAILED, SUB_OPERATIONS_FAILED, SUCCESS

log = structlog.get_logger(__name__)

FAILED_UIDS = 0x00080058
_TOLD_EVERY_S = 0.2


class Reporter:
    """Runs the sub-operations of one retrieval and reports on them."""

    def __init__(self, talk: Conversation, progress: Progress) -> None:
        self._talk, self.progress = talk, progress
        self._told_at = 0.0

    def begin(self) -> None:
        """Say how many there will be."""
        if self.progress.remaining:
            self._tell()

    def run(self, sent: Iterator[tuple[Wanted, int]], wanted: Sequence[Wanted]) -> int:
        """Take every outcome, report, and answer for the last time; the final status.

        Raises  Unavailable if the peer that asked is gone: nothing more is sent then.
        """
        outcomes = cast("Generator[tuple[Wanted, int]]", sent)
        with contextlib.closing(outcomes):
            status = self._run(outcomes, wanted)
        self._finish(status)
        return status

    def _run(self, outcomes: Iterator[tuple[Wanted, int]], wanted: Sequence[Wanted]) -> int:
        done = 0
        try:
            while done < len(wanted):
                if self._talk.is_cancelled:
                    return CANCELLED
                one, status = next(outcomes)
                self.progress.note(one, status)
                done += 1
                if time.monotonic() - self._told_at >= _TOLD_EVERY_S and done < len(wanted):
                    self._tell()
        except ServiceError as error:
            if not self._talk.assoc.is_established:
                raise
            log.warning("dicom.retrieval_broke_off", code=error.code, done=done)
            for one in wanted[done:]:
                self.progress.note(one, 0xA702)
        return self._ended()

    def _ended(self) -> int:
        if not self.progress.failed and not self.progress.warning:
            return SUCCESS
        if not self.progress.completed and not self.progress.warning:
            return SUB_OPERATIONS_FAILED
        return SOME_FAILED

    def _tell(self) -> None:
        self._talk.progress(PENDING, self.progress.counts())
        self._told_at = time.monotonic()

    def _finish(self, status: int) -> None:
        data_set = b""
        if self.progress.failed_uids:
            writer = ElementWriter(self._talk.transfer_syntax_uid, "")
            data_set = _uid_list(writer, self.progress.failed_uids)
        self._talk.progress(status, self.progress.counts(is_last=True), data_set)


def _uid_list(writer: ElementWriter, uids: Sequence[str]) -> bytes:
    """As many UIDs as an element of explicit VR holds."""
    room = 0xFFFE
    kept, size = [], 0
    for uid in uids:
        size += len(uid) + 1
        if size > room:
            break
        kept.append(uid)
    return writer.element(FAILED_UIDS, "UI", "\\".join(kept))

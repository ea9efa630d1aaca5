"""The body of a request as it comes, for as long and as much as is taken."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from django.conf import settings
from django.http import HttpRequest
from django.http.request import UnreadablePostError

from common.errors import InvalidInput
from integrations.dicomweb.errors import TooLarge, TooSlow
from integrations.dicomweb.multipart_reading import PIECE
from integrations.dicomweb.store.patience import Wait, watchman


class Body:
    """A body of known length or in chunks, up to the largest that is taken, and no slower than the slowest.

    Only the time spent on waiting for the client counts against the least rate; all time does against the longest.
    """

    def __init__(self, request: HttpRequest) -> None:
        is_chunked = "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
        # Django reads no further than Content-Length, of which there is none here; the server ends the input itself.
        self._read = request.META["wsgi.input"].read if is_chunked else request.read
        self._left = settings.STOW_LARGEST_REQUEST_MIB << 20
        self._until = time.monotonic() + settings.STOW_LONGEST_S
        self._wait = Wait(request.META.get("gunicorn.socket"))
        if int(request.META.get("CONTENT_LENGTH") or 0) > self._left:
            raise TooLarge("The request is larger than any that is taken")

    def __enter__(self) -> Self:
        watchman.watch(self._wait)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        watchman.forget(self._wait)
        if kind is None:  # an object's reader may have taken the end of the wait for the end of the object
            self._check_patience()

    def read(self, size: int, /) -> bytes:
        """The next bytes; none at the end.

        Raises  InvalidInput if the client went away; TooLarge; TooSlow if it does not send, or for too long.
        """
        allowed_s = settings.STOW_PATIENCE_S + size / (settings.STOW_LEAST_KIB_PER_S << 10)
        self._wait.begin(at_most_s=min(allowed_s, self._until - time.monotonic()))
        try:
            piece = bytes(self._read(size))
        except (UnreadablePostError, OSError) as error:
            self._end_wait()
            raise InvalidInput("The request breaks off", code="REQUEST_BROKEN_OFF") from error
        self._end_wait()
        self._left -= len(piece)
        if self._left < 0:
            raise TooLarge("The request is larger than any that is taken")
        return piece

    def pieces(self) -> Iterator[memoryview]:
        while piece := self.read(PIECE):
            yield memoryview(piece)

    def _end_wait(self) -> None:
        self._wait.end()
        self._check_patience()

    def _check_patience(self) -> None:
        if self._wait.is_over:
            raise TooSlow("The request comes too slowly, or takes too long")

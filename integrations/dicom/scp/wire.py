"""The socket of one association: reads ahead, waits without polling, and gives a slow peer only so long.

The same reads serve a plain socket and one under TLS, which knows neither MSG_PEEK nor MSG_WAITALL.
"""

from __future__ import annotations

import os
import select
import socket
import ssl
import struct
import time
from typing import cast

from pynetdicom.association import Association
from pynetdicom.transport import AssociationSocket

STALLED_S = 30  # a peer that stops in the middle of a PDU has gone
LARGEST_PDU = 1 << 20
_SLOWEST_BYTES_S = 8 * 1024  # below this a message is not sent, it is held open
_CHUNK = 4096
_WAIT_MS = 100


def prepare(client: socket.socket) -> None:
    """Answer at once, and let no read or write of a plain socket wait longer than a stalled peer deserves."""
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    limit = struct.pack("@ll", STALLED_S, 0)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


class Wire(AssociationSocket):
    """What the association reads from and what wakes it up."""

    def __init__(self, assoc: Association, client_socket: socket.socket) -> None:
        super().__init__(assoc, client_socket=client_socket)
        self._is_tls = isinstance(client_socket, ssl.SSLSocket)
        self._flags = 0 if self._is_tls else socket.MSG_WAITALL
        self._ahead = bytearray()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(self._wake, select.POLLIN)
        self._poll.register(client_socket, select.POLLIN)
        self._began, self._received = time.monotonic(), 0

    # waiting

    def wake(self) -> None:
        """Let whoever waits look at its queues."""
        if self._wake >= 0:
            os.eventfd_write(self._wake, 1)

    def wait(self, milliseconds: int) -> bool:
        """Whether bytes have come; False after a wake-up and when time is up."""
        if self._ahead or (self._is_tls and cast("ssl.SSLSocket", self.socket).pending()):
            return True
        woken = readable = False
        for handle, _events in self._poll.poll(milliseconds):
            woken = woken or handle == self._wake
            readable = readable or handle != self._wake
        if woken:
            os.eventfd_read(self._wake)
        return readable and not woken

    @property
    def ready(self) -> bool:
        """As pynetdicom asks before each read; this one sleeps instead of being asked a thousand times a second."""
        if self.socket is None or not self._is_connected:
            time.sleep(_WAIT_MS / 10_000)
            return False
        try:
            return self.wait(_WAIT_MS)
        except (OSError, ValueError):
            self.event_queue.put("Evt17")
            return False

    def release(self) -> None:
        """Give back what is not the socket."""
        handle, self._wake = self._wake, -1
        os.close(handle)

    # reading

    def begin_message(self) -> None:
        """A message starts here: from now on its sender has to keep up."""
        self._began, self._received = time.monotonic(), 0

    def recv(self, nr_bytes: int) -> bytearray:
        """As pynetdicom reads the PDUs that are left to it; fewer bytes than asked for if the peer has gone."""
        if nr_bytes > LARGEST_PDU:
            raise OSError("a PDU far larger than any that was agreed")
        buffer = bytearray(nr_bytes)
        got = self._fill(memoryview(buffer))
        return buffer if got == nr_bytes else buffer[:got]

    def peek(self, count: int) -> bytes:
        """The next bytes, which stay to be read; fewer if the peer has gone."""
        while len(self._ahead) < count:
            piece = self._piece()
            if not piece:
                break
            self._ahead += piece
        return bytes(self._ahead[:count])

    def take(self, count: int) -> bytes:
        """The next bytes. Raises ConnectionResetError if the peer has gone."""
        if count > _CHUNK:
            return bytes(self._whole(bytearray(count)))
        found = self.peek(count)
        if len(found) < count:
            raise ConnectionResetError
        del self._ahead[:count]
        return found

    def fill(self, view: memoryview) -> None:
        """The next bytes into a view. Raises ConnectionResetError if the peer goes before it is full."""
        if self._fill(view) < len(view):
            raise ConnectionResetError

    def put_back(self, view: memoryview) -> None:
        """Bytes that were read too early: they are read next."""
        self._ahead[:0] = view

    def forget(self) -> None:
        """Drop what was read ahead: nothing that a peer sends after a violation is of interest."""
        self._ahead.clear()

    def _whole(self, buffer: bytearray) -> bytearray:
        self.fill(memoryview(buffer))
        return buffer

    def _fill(self, view: memoryview) -> int:
        got = min(len(self._ahead), len(view))
        if got:
            view[:got] = self._ahead[:got]
            del self._ahead[:got]
        peer, wanted = cast("socket.socket", self.socket), len(view)
        while got < wanted:
            count = peer.recv_into(view[got:], 0, self._flags)
            if not count:
                break
            got += count
            self._received += count
            if got < wanted:
                self.check_pace()
        return got

    def _piece(self) -> bytes:
        self.check_pace()
        return cast("socket.socket", self.socket).recv(_CHUNK)

    def check_pace(self) -> None:
        """Raise TimeoutError for a message that trickles in."""
        spent = time.monotonic() - self._began
        if spent > STALLED_S + self._received / _SLOWEST_BYTES_S:
            raise TimeoutError("a message that trickles in")

"""pynetdicom as the other end: a server on a free port."""

from __future__ import annotations

from typing import Any

from pynetdicom import AE
from pynetdicom.transport import ThreadedAssociationServer


def serve(ae: AE, handlers: list[Any]) -> tuple[ThreadedAssociationServer, int]:
    """The server and its port; whoever starts it shuts it down."""
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    assert server is not None
    return server, int(server.server_address[1])

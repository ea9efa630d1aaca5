"""Verification: asking a peer whether it is there (PS3.4 §A)."""

from __future__ import annotations

from pynetdicom.presentation import build_context
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from common.errors import Unavailable
from integrations.dicom.scu.association import Peer, associate


def echo(peer: Peer) -> None:
    """Return if the peer answers C-ECHO with success; raises NotPermitted or Unavailable otherwise."""
    with associate(peer, [build_context(Verification)]) as assoc:
        answer = assoc.send_c_echo()
        if answer.get("Status") != 0x0000:
            raise Unavailable("The peer does not answer C-ECHO", code="ECHO_FAILED")

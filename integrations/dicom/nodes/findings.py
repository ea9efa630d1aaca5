"""What a check may find, in words: what was seen, and what to do about it where something is to be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence with places for the values that a check kept with it, and advice."""

    seen: Words
    advice: Words = ""

    def sentence(self, values: dict[str, Any]) -> str:
        return str(self.seen) % values


FINDINGS: dict[str, Finding] = {
    "CONNECTED": Finding(_("%(host)s:%(port)s took the connection in %(ms)s ms.")),
    "ADDRESS_MISSING": Finding(
        _("The node has no host and port."), _("Enter the address this node listens at.")
    ),
    "CONNECTION_REFUSED": Finding(
        _("The machine answers, but nothing listens on port %(port)s."),
        _("Start the peer's DICOM service, or correct the port."),
    ),
    "TIMED_OUT": Finding(
        _("No answer within %(seconds)s s."),
        _("Check that the machine is on, and that no firewall drops what we send."),
    ),
    "HOST_UNKNOWN": Finding(
        _("The name %(host)s is not known."), _("Correct the host name, or enter an IP address.")
    ),
    "UNREACHABLE": Finding(_("There is no way to %(host)s."), _("Check the network and its routes.")),
    "TLS_NOT_ASKED": Finding(_("This node is called without TLS.")),
    "TLS_SPOKEN": Finding(_("%(version)s with %(cipher)s; the certificate is good until %(until)s.")),
    "TLS_EXPIRES": Finding(
        _("%(version)s with %(cipher)s; the certificate is good only until %(until)s."),
        _("Have the peer's certificate renewed in time."),
    ),
    "TLS_FAILED": Finding(
        _("No TLS came about."),
        _("Check that this port speaks TLS 1.2 or newer and that the peer trusts our certificate."),
    ),
    "TLS_NOT_CONFIGURED": Finding(
        _("This installation has no certificate."),
        _("Set DICOM_TLS_CERTIFICATE, DICOM_TLS_KEY and DICOM_TLS_CA."),
    ),
    "TLS_FILES_UNUSABLE": Finding(
        _("Our own certificate, key or authorities cannot be used."),
        _("Check the files named by DICOM_TLS_*."),
    ),
    "CERTIFICATE_NOT_TRUSTED": Finding(
        _("The peer's certificate is not trusted: %(problem)s."),
        _("Add its authority to DICOM_TLS_CA, have it renewed, or list its fingerprint with this node."),
    ),
    "CERTIFICATE_NOT_LISTED": Finding(
        _("The peer's certificate is not among those listed for this node."),
        _("Compare the fingerprint with the peer's people and list it, if it is theirs."),
    ),
    "ASSOCIATED": Finding(_("Accepted by %(implementation)s; takes PDUs of %(pdu)s bytes.")),
    "SMALL_PDU_NEEDED": Finding(
        _("Refused with PDUs of 128 KiB, accepted with 16 KiB, by %(implementation)s."),
        _("Choose the quirk “Takes PDUs of 16 KiB at most” for this node."),
    ),
    "CALLED_AE_UNKNOWN": Finding(
        _("The peer does not go by the AE title %(called)s."), _("Correct the AE title; capitals count.")
    ),
    "CALLING_AE_UNKNOWN": Finding(
        _("The peer does not know our AE title %(calling)s."),
        _("Have it added there, with the address of this installation."),
    ),
    "TOO_MANY_ASSOCIATIONS": Finding(
        _("The peer has no association to spare."),
        _("Try again later, or lower the associations of this node."),
    ),
    "CONGESTED": Finding(_("The peer is busy."), _("Try again later.")),
    "ASSOCIATION_REJECTED": Finding(
        _("The peer refuses associations: %(reason)s."), _("Ask the peer's people to look at their log.")
    ),
    "NO_ANSWER": Finding(
        _("The peer took the connection but did not answer the association request within %(seconds)s s."),
        _("Check that this port speaks DICOM, and whether it wants TLS."),
    ),
    "ABORTED": Finding(
        _("The peer dropped the connection instead of answering."),
        _("Check that this port speaks DICOM, whether it wants TLS, and that our AE title is known there."),
    ),
    "NOT_REACHED": Finding(_("Not tried, because an earlier step failed.")),
    "NOT_THE_ROLE": Finding(_("Not tried: the node does not hold the role for this.")),
    "NOT_ASKED": Finding(_("Not tried: nothing was to be stored.")),
    "ECHOED": Finding(_("%(count)s of %(count)s answered, %(ms)s ms each.")),
    "ECHO_DELAYED": Finding(
        _("Answered after %(ms)s ms each, although the network takes %(network_ms)s ms."),
        _("The peer waits for acknowledgements (Nagle's algorithm): have TCP_NODELAY switched on there."),
    ),
    "ECHO_REFUSED": Finding(
        _("The peer does not offer Verification."), _("Nothing needs to be done if it works otherwise.")
    ),
    "ECHO_FAILED": Finding(
        _("The peer did not answer C-ECHO with success."), _("Ask the peer's people to look at their log.")
    ),
    "CONTEXTS_ACCEPTED": Finding(_("Takes %(classes)s of %(asked)s common kinds of objects.")),
    "CONTEXTS_DEFAULT_ONLY": Finding(
        _("Takes %(classes)s of %(asked)s kinds of objects, all in Implicit VR Little Endian only."),
        _(
            "What it is sent is converted on the way, where that loses nothing. Have more transfer "
            "syntaxes switched on there."
        ),
    ),
    "CONTEXTS_NONE": Finding(
        _("Takes no images at all."),
        _("Take away the role “Takes images”, or have storage switched on there."),
    ),
    "FOUND": Finding(_("Answered a query for the test patient with %(count)s studies.")),
    "FIND_CHARACTER_SET": Finding(
        _("Answers queries, but refused one in UTF-8."),
        _("Set the character set this node understands, such as ISO_IR 100."),
    ),
    "FIND_REFUSED": Finding(
        _("Refused the query with status %(status)s."), _("Have queries by our AE title permitted there.")
    ),
    "FIND_NOT_OFFERED": Finding(
        _("Does not offer queries at study level."),
        _("Take away the role “Can be queried and retrieved from”."),
    ),
    "STORED": Finding(_("Took a test image in %(ms)s ms (status %(status)s).")),
    "STORE_WARNED": Finding(
        _("Took a test image, but changed or doubted it (status %(status)s)."),
        _("Ask what the peer changes in images it takes."),
    ),
    "STORE_REFUSED": Finding(
        _("Refused a test image with status %(status)s."),
        _("Look into the peer's log for the time of this check."),
    ),
    "STORE_NOT_OFFERED": Finding(
        _("Does not take Secondary Capture images."), _("Have storage of this kind switched on there.")
    ),
    "COMMITTED": Finding(_("Reported on the commitment of the test image at once.")),
    "COMMITMENT_ACCEPTED": Finding(
        _("Took the request; the report comes by an association of its own."),
        _("See that the peer knows the address of this installation."),
    ),
    "COMMITMENT_REFUSED": Finding(
        _("Refused the request for commitment with status %(status)s."),
        _("Have storage commitment switched on for our AE title."),
    ),
    "COMMITMENT_NOT_OFFERED": Finding(
        _("Does not offer storage commitment."), _("Take away the role “Commits to storage”.")
    ),
    "STEP_BROKE": Finding(
        _("The step broke off: %(reason)s."),
        _("Try again; if it stays, tell those who look after Consilium."),
    ),
}


def finding(code: str) -> Finding:
    """The words for a code; an unknown one speaks for itself."""
    return FINDINGS.get(code, Finding(code))

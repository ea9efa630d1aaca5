"""Why an object was given up, in words; the code stays beside it for whoever asks the peer's people."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.nodes.words import FAILURE as NODE_REASON

_REASON: dict[str, str | Promise] = {
    **NODE_REASON,
    "ASSOCIATION_REJECTED": gettext_lazy("The peer let us have no association."),
    "BUCKET_UNAVAILABLE": gettext_lazy("The bucket could not be reached."),
    "CONTEXT_NOT_ACCEPTED": gettext_lazy("The peer takes no objects of this kind, or not in this encoding."),
    "FOLDER_UNAVAILABLE": gettext_lazy("The folder could not be written."),
    "SECRET_MISSING": gettext_lazy("The destination's secret is not configured on this server."),
    "SERVER_UNREACHABLE": gettext_lazy("The server did not answer."),
}


def reason_in_words(code: str) -> str:
    """What the code of a last attempt means; empty for one that has no words."""
    if code in _REASON:
        return str(_REASON[code])
    kind, _line, number = code.partition("_")
    if kind == "HTTP" and number in {"401", "403"}:
        return _("The server does not let us in.")
    if kind == "HTTP":
        return _("The server refused the object.")
    if kind == "STATUS":
        return _("The peer refused the object.")
    return ""

"""A place in the inbox as an address carries it."""

from __future__ import annotations

import base64
import datetime as dt
import uuid

from django.utils.translation import gettext as _

from common.errors import InvalidInput
from workflows.people.inboxes import Place


def cursor_of(place: Place) -> str:
    text = f"{place.rank} {place.due_by.isoformat()} {place.offered_at.isoformat()} {place.uid}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_in(cursor: str) -> Place | None:
    """The place a cursor names; None for none. Raises InvalidInput for what is no cursor of the inbox."""
    if not cursor:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        rank, due_by, offered_at, uid = text.split(" ")
        moments = [dt.datetime.fromisoformat(each) for each in (due_by, offered_at)]
        if any(moment.tzinfo is None for moment in moments):
            raise ValueError(cursor)
        return Place(int(rank), moments[0], moments[1], uuid.UUID(uid))
    except ValueError:
        sentence = _("This is not a cursor of this list.")
        raise InvalidInput(sentence, code="PARAMETER_INVALID", fields={"cursor": sentence}) from None

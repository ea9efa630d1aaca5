"""Live changes: who looks at an open page is told *what* changed, and the page fetches it anew.

Everything here is a nudge. A push that is lost costs a page some freshness, never the truth.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from accounts.models import Person

log = structlog.get_logger(__name__)

NOTIFICATIONS = "notifications"
INBOX = "inbox"


def case_topic(uid: uuid.UUID | str) -> str:
    return f"case:{uid}"


def study_topic(study_instance_uid: str) -> str:
    return f"study:{study_instance_uid}"


def group_of(topic: str, person_uid: uuid.UUID | str = "") -> str:
    """The channel-layer group of a topic; inbox and notifications are each person's own."""
    return f"{topic}:{person_uid}".rstrip(":").replace(":", ".")


def group_of_session(session_key: str) -> str:
    """The group of the sockets one sign-in opened. The key itself is a secret and does not travel."""
    return f"session.{hashlib.sha256(session_key.encode()).hexdigest()[:32]}"


def push_change(*topics: str) -> None:
    """Tell who watches these cases and studies, once the transaction in hand has committed."""
    _push_on_commit([(group_of(topic), _changed(topic)) for topic in topics])


def push_inbox_change(people: Iterable[Person]) -> None:
    """Tell these people's open pages that their inbox changed, once the transaction has committed."""
    _push_on_commit([(group_of(INBOX, person.uid), _changed(INBOX)) for person in people])


def push_notifications_change(person_uid: uuid.UUID) -> None:
    """Tell a person's open pages that something was read or came in, once the transaction has committed."""
    _push_on_commit([(group_of(NOTIFICATIONS, person_uid), _changed(NOTIFICATIONS))])


def push_notification(person_uid: uuid.UUID, body: Mapping[str, str]) -> None:
    """Show a notification on a person's open pages now. Raises what the channel layer raises."""
    text = _encode({"type": "notification", **body})
    _send([(group_of(NOTIFICATIONS, person_uid), text)])


def close_session(session_key: str) -> None:
    """Close the sockets of a sign-in that has ended; where the channel layer is away they time out."""
    try:
        _send_messages([(group_of_session(session_key), {"type": "live.close"})])
    except (
        Exception
    ) as error:  # a channel layer raises what its server's library does; pages also look by themselves
        log.warning("live.close_failed", code=type(error).__name__)


def _changed(topic: str) -> str:
    return _encode({"type": "changed", "topic": topic})


def _encode(message: Mapping[str, str]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def _push_on_commit(pushes: list[tuple[str, str]]) -> None:
    if pushes:
        transaction.on_commit(lambda: _push(pushes), robust=True)


def _push(pushes: list[tuple[str, str]]) -> None:
    try:
        _send(pushes)
    except (
        Exception
    ) as error:  # a channel layer raises what its server's library does; pages also look by themselves
        log.warning("live.push_failed", code=type(error).__name__, count=len(pushes))


def _send(pushes: list[tuple[str, str]]) -> None:
    """Each text was made once; sockets pass it on as it is."""
    _send_messages([(group, {"type": "live.text", "text": text}) for group, text in pushes])


@async_to_sync
async def _send_messages(messages: list[tuple[str, dict[str, Any]]]) -> None:
    layer = get_channel_layer()
    for group, message in messages:
        await layer.group_send(group, message)

"""To the person's open pages. Where none is open nobody hears it; the row waits in their list."""

from __future__ import annotations

from accounts.models import Person
from notifications import live
from notifications.models import Notification
from notifications.texts import Text
from notifications.transports.base import DeliveryFailed


class WebSocketTransport:
    name = "websocket"

    def reaches(self, person: Person) -> bool:  # noqa: ARG002 - everyone may open a page
        return True

    def send(self, notification: Notification, text: Text) -> None:
        body = {
            "uid": str(notification.uid),
            "title": text.title,
            "body": text.body,
            "href": notification.href,
        }
        try:
            live.push_notification(notification.person.uid, body)
        except OSError as error:
            raise DeliveryFailed("CHANNEL_LAYER_AWAY", permanent=False) from error

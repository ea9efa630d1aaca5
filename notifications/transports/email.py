"""By e-mail, where a mail server is configured and the person has an address."""

from __future__ import annotations

from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import send_mail

from accounts.models import Person
from notifications.models import Notification
from notifications.texts import Text
from notifications.transports.base import DeliveryFailed


class EmailTransport:
    name = "email"

    def reaches(self, person: Person) -> bool:
        return bool(settings.EMAIL_HOST and person.email)

    def send(self, notification: Notification, text: Text) -> None:
        link = settings.PUBLIC_URL.rstrip("/") + notification.href
        lines = [line for line in (text.body, link) if line]
        try:
            send_mail(
                text.title, "\n\n".join(lines), settings.DEFAULT_FROM_EMAIL, [notification.person.email]
            )
        except SMTPRecipientsRefused as error:
            raise DeliveryFailed("RECIPIENT_REFUSED", permanent=True) from error
        except (SMTPException, OSError) as error:
            raise DeliveryFailed("MAIL_SERVER_AWAY", permanent=False) from error

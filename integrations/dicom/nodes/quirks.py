"""Habits of peers that we bend to, by name. A name that is not here is refused when a node is edited."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Quirk(models.TextChoices):
    SMALL_PDU = "small_pdu", _("Takes PDUs of 16 KiB at most")
    NO_CALLS = "no_calls", _("Cannot call us: what we fetch comes by C-GET")
    NO_RELEASE = "no_release", _("Hangs on release: is left by abort")

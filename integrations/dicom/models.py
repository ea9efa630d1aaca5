"""The Application Entities this system talks to, and whose they are."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Site


class AERole(models.TextChoices):
    STORAGE_SCU = "storage_scu", _("Sends images")
    WORKLIST_SCU = "worklist_scu", _("Reads the worklist")
    STORAGE_SCP = "storage_scp", _("Takes images")


def sender_roles() -> list[str]:
    """What a modality does."""
    return [str(AERole.STORAGE_SCU), str(AERole.WORKLIST_SCU)]


class ApplicationEntity(models.Model):
    """A peer by its AE title. Its site says who issued the Patient IDs in what it sends.

    Only peers that are listed here may open an association. Host and port are needed to call the peer.
    """

    ae_title = models.CharField(max_length=16, unique=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="application_entities")
    host = models.CharField(max_length=255, blank=True)
    port = models.PositiveIntegerField(null=True, blank=True)
    roles = models.JSONField(default=sender_roles)
    description = models.CharField(max_length=120, blank=True)

    def __str__(self) -> str:
        return self.ae_title

"""The remote nodes this system talks to: whose they are, how they are reached, what they may do."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from integrations.dicom.nodes.models import NodeCheck, NodeFailure, NodeHealth, NodeSlot, NodeTraffic
from integrations.dicom.notices.models import Commitment, Notice

__all__ = [
    "AERole",
    "ApplicationEntity",
    "Commitment",
    "NodeCheck",
    "NodeFailure",
    "NodeHealth",
    "NodeSlot",
    "NodeTraffic",
    "Notice",
    "SliceInterest",
    "sender_roles",
]


class AERole(models.TextChoices):
    STORAGE_SCU = "storage_scu", _("Sends images")
    WORKLIST_SCU = "worklist_scu", _("Reads the worklist")
    MPPS_SCU = "mpps_scu", _("Reports performed procedure steps")
    COMMITMENT_SCU = "commitment_scu", _("Asks for storage commitment")
    QUERY_SCU = "query_scu", _("Queries and retrieves here")
    STORAGE_SCP = "storage_scp", _("Takes images")
    QUERY_SCP = "query_scp", _("Can be queried and retrieved from")
    COMMITMENT_SCP = "commitment_scp", _("Commits to storage")
    AVAILABILITY_SCU = "availability_scu", _("Tells of instance availability")
    AVAILABILITY_SCP = "availability_scp", _("Is told of instance availability")
    MPPS_SCP = "mpps_scp", _("Is told of performed procedure steps")
    REJECTION_SCU = "rejection_scu", _("Rejects instances by rejection notes")
    REJECTION_SCP = "rejection_scp", _("Is sent rejection notes")


class SliceInterest(models.TextChoices):
    ALL = "all", _("All series")
    THIN = "thin", _("Thin-slice series only")
    THICK = "thick", _("All but thin-slice series")


def sender_roles() -> list[str]:
    """What a modality does."""
    return [
        str(role)
        for role in (AERole.STORAGE_SCU, AERole.WORKLIST_SCU, AERole.MPPS_SCU, AERole.COMMITMENT_SCU)
    ]


class ApplicationEntity(models.Model):
    """A remote node by its AE title. Its site says who issued the Patient IDs in what it sends.

    Only nodes that are listed here and enabled may open an association, and only from `allowed_addresses`
    (CIDR networks; none listed: from anywhere). Host and port are needed to call the node. `character_set` is
    the Specific Character Set it understands best; `quirks` names habits we bend to; `limits` caps what is
    sent to it by hour of the day; `takes` says which series are for it. With `certificate_fingerprints` (SHA-256)
    the node must come over TLS, with one of these certificates.
    """

    ae_title = models.CharField(max_length=16, unique=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="application_entities")
    description = models.CharField(max_length=120, blank=True)
    is_enabled = models.BooleanField(default=True)
    roles = models.JSONField(default=sender_roles)
    takes = models.CharField(max_length=8, choices=SliceInterest.choices, default=SliceInterest.ALL)
    host = models.CharField(max_length=255, blank=True)
    port = models.PositiveIntegerField(null=True, blank=True)
    use_tls = models.BooleanField(default=False)
    allowed_addresses = models.JSONField(default=list, blank=True)
    certificate_fingerprints = models.JSONField(default=list, blank=True)
    character_set = models.CharField(max_length=32, blank=True)
    quirks = models.JSONField(default=list, blank=True)
    limits = models.JSONField(default=list, blank=True)
    maximum_associations = models.PositiveSmallIntegerField(default=4)
    timeout_s = models.PositiveSmallIntegerField(default=30)

    def __str__(self) -> str:
        return self.ae_title

    def may(self, role: AERole) -> bool:
        """Whether the node holds the role."""
        return role in self.roles

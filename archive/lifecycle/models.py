"""Rules over stored bytes, what people decided beside them, and where the duties have got to."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Person, Site
from archive.storage.models import Segment, Tier, Volume


class _SeriesRule(models.Model):
    """What a rule asks of a series; an empty field asks nothing. Rules are tried by position, the first wins."""

    name = models.CharField(max_length=80)
    position = models.PositiveIntegerField(default=100)
    is_enabled = models.BooleanField(default=True)
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    modality = models.CharField(max_length=16, blank=True)
    is_thin_slice = models.BooleanField(null=True, blank=True)
    is_derived = models.BooleanField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class PlacementRule(_SeriesRule):
    """Series that were received at least `older_than_days` ago belong on this tier, in so many copies."""

    older_than_days = models.PositiveIntegerField(default=0)
    tier = models.CharField(max_length=4, choices=Tier.choices)
    copies = models.PositiveSmallIntegerField(default=1)


class RetentionRule(_SeriesRule):
    """Series are kept for `keep_days` after they were received, then withdrawn; 0 keeps them for ever."""

    keep_days = models.PositiveIntegerField()


class SiteQuota(models.Model):
    """How much a site may store. `used_bytes` is counted by a duty; warnings are at 80 and 95 percent."""

    site = models.OneToOneField(Site, on_delete=models.CASCADE, related_name="storage_quota")
    limit_bytes = models.BigIntegerField()
    used_bytes = models.BigIntegerField(default=0)
    counted_at = models.DateTimeField(null=True)
    warned_percent = models.PositiveSmallIntegerField(default=0)


class LegalHold(models.Model):
    """A study that nothing may delete, whoever asks, until a person releases it."""

    study_instance_uid = models.CharField(max_length=64)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    placed_at = models.DateTimeField()
    placed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    released_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study_instance_uid"], name="one_hold_a_study", condition=models.Q(released_at=None)
            )
        ]


class TierChoice(models.Model):
    """A person's word on the tier of a study; it goes before every rule."""

    study_instance_uid = models.CharField(max_length=64, unique=True)
    tier = models.CharField(max_length=4, choices=Tier.choices)
    copies = models.PositiveSmallIntegerField(default=1)
    chosen_at = models.DateTimeField()
    chosen_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")


class RoutedTier(models.Model):
    """The routing table's word on the tier of a series: it stands for a rule that asks for no age.

    A person's choice goes before it, and so does a rule of age once a series is old enough for it. `cause` is
    the decision that said so.
    """

    series_instance_uid = models.CharField(max_length=64, unique=True)
    tier = models.CharField(max_length=4, choices=Tier.choices)
    cause = models.UUIDField()
    routed_at = models.DateTimeField()


class ScrubFinding(models.Model):
    """Bytes of a copy that are not what was stored: which object, and what became of it."""

    class State(models.TextChoices):
        OPEN = "open", _("Not repaired")
        REPAIRED = "repaired", _("Repaired")
        LOST = "lost", _("No good copy")

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="findings")
    volume = models.ForeignKey(Volume, on_delete=models.PROTECT, related_name="findings")
    storage_key = models.CharField(max_length=200)
    sop_instance_uid = models.CharField(max_length=64, blank=True)
    study_instance_uid = models.CharField(max_length=64, blank=True)
    code = models.CharField(max_length=40)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    found_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["volume", "storage_key"],
                name="one_open_finding",
                condition=~models.Q(state="repaired"),
            )
        ]
        indexes = [models.Index(fields=["state", "-found_at"], name="finding_state")]


class SeriesPacking(models.Model):
    """A series that is to be looked at for packing; gone when it lies in one segment in slice order."""

    series_instance_uid = models.CharField(max_length=64, unique=True)
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=80, blank=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="packing_due")]


class Bookmark(models.Model):
    """How far a duty that walks a table, or the folders of a volume, has got."""

    name = models.CharField(max_length=60, unique=True)
    position = models.BigIntegerField(default=0)
    until = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField()


class UsageSample(models.Model):
    """What a site held on a volume on a day, as counted last that day."""

    day = models.DateField()
    volume = models.ForeignKey(Volume, on_delete=models.CASCADE, related_name="usage")
    site = models.ForeignKey(Site, null=True, on_delete=models.CASCADE, related_name="+")
    segments = models.BigIntegerField(default=0)
    objects_held = models.BigIntegerField(default=0)
    bytes_held = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "volume", "site"], name="usage_once_a_day", nulls_distinct=False
            )
        ]

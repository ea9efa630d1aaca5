"""Where bytes lie: volumes, the segments on them, and which volume holds a copy of which segment.

Metadata here, bytes there: a reader asks this index once and then goes to a volume directly.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Site


class SegmentKey(models.Func):
    """The part of a storage key that names the segment, as indexes and queries say it."""

    template = "split_part(%(expressions)s, '@', 1)"
    arity = 1
    output_field = models.TextField()


class Tier(models.TextChoices):
    HOT = "hot", _("Hot")
    WARM = "warm", _("Warm")
    COLD = "cold", _("Cold")


class Volume(models.Model):
    """A place for bytes: a folder or a bucket. `url` is of the form STORAGE_URL takes and holds no secret.

    Of a draining volume copies are read and moved away; nothing new goes there. An offline one is not asked.
    """

    class State(models.TextChoices):
        ONLINE = "online", _("Online")
        DRAINING = "draining", _("Draining")
        OFFLINE = "offline", _("Offline")

    name = models.SlugField(max_length=32, unique=True)
    url = models.CharField(max_length=400, unique=True)
    tier = models.CharField(max_length=4, choices=Tier.choices, default=Tier.HOT)
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.PROTECT, related_name="volumes")
    state = models.CharField(max_length=8, choices=State.choices, default=State.ONLINE)
    capacity_bytes = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Segment(models.Model):
    """One file or one S3 object: the instances of a series one after the other, or a single object.

    A segment is appended to by one writer until it is sealed, and never changed after. `size_bytes`,
    `object_count` are set when it is sealed. `sha256`, of the whole segment, is known from then on where all of it was
    written at once (packing, repair, a loose object); where it was appended to while images came, from when it is first
    read as a whole (copying, scrubbing), each object against its own digest. Once known it never changes, and every
    later copy and reading is held against it.

    `place_at`: when the placement policy is to look at it next; `purge_at`: when its bytes are to go, if nothing
    refers to them by then.
    """

    key = models.CharField(max_length=100, unique=True)
    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="+")
    study_instance_uid = models.CharField(max_length=64, blank=True)
    series_instance_uid = models.CharField(max_length=64, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    object_count = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    sealed_at = models.DateTimeField(null=True)
    place_at = models.DateTimeField(null=True, db_default=Now())
    purge_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["series_instance_uid"], name="segment_series"),
            models.Index(fields=["study_instance_uid"], name="segment_study"),
            models.Index(
                fields=["created_at"], name="segment_open", condition=models.Q(sealed_at__isnull=True)
            ),
            models.Index(
                fields=["place_at"], name="segment_to_place", condition=models.Q(place_at__isnull=False)
            ),
            models.Index(
                fields=["purge_at"], name="segment_to_purge", condition=models.Q(purge_at__isnull=False)
            ),
        ]


class SegmentCopy(models.Model):
    """A segment on a volume. Only a held copy is read.

    `bytes_done` and `token` let a copy that broke off go on. `next_at`: when work on a copy in a passing state
    (being copied, damaged, being removed) is due; `problem` is the code of what went wrong last.
    """

    class State(models.TextChoices):
        WRITING = "writing", _("Being written")
        COPYING = "copying", _("Being copied")
        HELD = "held", _("Held")
        DAMAGED = "damaged", _("Damaged")
        REMOVING = "removing", _("Being removed")

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="copies")
    volume = models.ForeignKey(Volume, on_delete=models.PROTECT, related_name="copies")
    state = models.CharField(max_length=8, choices=State.choices)
    bytes_done = models.BigIntegerField(default=0)
    verified_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=80, blank=True)
    changed_at = models.DateTimeField()
    token = models.CharField(max_length=300, blank=True, default="", db_default="")
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    next_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment", "volume"], name="segment_copy_once")]
        indexes = [
            models.Index(fields=["volume", "state"], name="copy_volume_state"),
            models.Index(fields=["volume", "verified_at"], name="copy_scrub"),
            models.Index(
                fields=["state", "next_at"], name="copy_due", condition=models.Q(next_at__isnull=False)
            ),
        ]

"""The index: Study > Series > SOP Instance, with what queries and pages need and nothing else."""

from __future__ import annotations

from typing import TypeVar

from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Site
from archive.mpi.models import Patient
from archive.orders.models import Order
from archive.storage.models import SegmentKey
from archive.studies.attributes import CATALOGUE_VERSION
from archive.studies.corrections.models import Correction, WithdrawnInstance

__all__ = [
    "Correction", "Instance", "RejectedObject", "Series", "SeriesEvidence", "Study", "WithdrawnInstance",
]  # fmt: skip

M = TypeVar("M", bound=models.Model)


class PresentManager(models.Manager[M]):
    """The rows that are to be seen: those of which everything was withdrawn are left out."""

    def get_queryset(self) -> QuerySet[M]:
        return super().get_queryset().filter(withdrawn_at=None)


class Study(models.Model):
    """A study. `attributes` holds, as DICOM JSON (PS3.18 §F), what its first instance says beside the columns.

    A study whose instances were all withdrawn is out of sight: only `all_objects` finds it. `corrected_at` is set
    while its objects may name another patient or order than the index does. `patient_matching_name` is the name
    the patient is searched by, which the database copies whenever either changes (a migration's triggers). An index
    that Django has no words for (a migration's SQL) holds them from the newest on, with site, patient and name.
    """

    study_instance_uid = models.CharField(max_length=64, unique=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="studies")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="studies")
    patient_matching_name = models.CharField(
        max_length=612, blank=True, default="", db_default="", editable=False
    )
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="studies")
    match_reason = models.CharField(max_length=120, blank=True)
    accession_number = models.CharField(max_length=16, blank=True)
    study_id = models.CharField(max_length=16, blank=True)
    study_date = models.DateField(null=True)
    study_time = models.TimeField(null=True)
    study_description = models.CharField(max_length=64, blank=True)
    referring_physician_name = models.CharField(max_length=200, blank=True)
    attributes = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    corrected_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    trace_id = models.UUIDField()

    objects = PresentManager["Study"]()
    all_objects = models.Manager["Study"]()

    class Meta:
        indexes = [
            models.Index(fields=["site", "-received_at"], name="study_site_recent"),
            models.Index(
                fields=["patient", "-study_date"], include=["site", "id"], name="study_patient",
                condition=models.Q(withdrawn_at=None),
            ),
            models.Index(
                fields=["patient_matching_name"], include=["study_date", "id", "site"], name="study_patient_name",
                opclasses=["varchar_pattern_ops"], condition=models.Q(withdrawn_at=None),
            ),
            models.Index(
                fields=["accession_number"], name="study_accession", opclasses=["varchar_pattern_ops"]
            ),
            models.Index(fields=["-received_at"], name="study_recent"),
            models.Index(fields=["trace_id"], name="study_trace"),
        ]  # fmt: skip


class Series(models.Model):
    """A series, and what was judged of it: complete or not and why, thin-slice or not and why.

    A complete series that gets late instances is receiving again, until it is judged anew; `completed_at`
    then still tells of the earlier judgement. `geometry` holds the fields of `geometry.Geometry`, `attributes` what
    the first instance says beside the columns, as DICOM JSON; `evidence` the numbers completeness was judged
    by. A series whose instances were all withdrawn is out of sight, as a study is. `is_sending`
    holds until the association that brings instances is released; one that breaks off leaves it standing.
    `catalogue_version` tells which optional keys `attributes` was filled with.
    """

    class Completeness(models.TextChoices):
        RECEIVING = "receiving", _("Receiving")
        COMPLETE = "complete", _("Complete")

    series_instance_uid = models.CharField(max_length=64, unique=True)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="series")
    modality = models.CharField(max_length=16, blank=True)
    series_number = models.IntegerField(null=True)
    series_description = models.CharField(max_length=64, blank=True)
    body_part_examined = models.CharField(max_length=16, blank=True)
    frame_of_reference_uid = models.CharField(max_length=64, blank=True)
    calling_ae_title = models.CharField(max_length=16, blank=True)
    is_derived = models.BooleanField(default=False)
    is_localizer = models.BooleanField(default=False)
    first_received_at = models.DateTimeField()
    last_received_at = models.DateTimeField()
    expected_instances = models.PositiveIntegerField(null=True)
    is_sending = models.BooleanField(default=False)
    completeness = models.CharField(
        max_length=12, choices=Completeness.choices, default=Completeness.RECEIVING
    )
    completeness_reason = models.CharField(max_length=200, blank=True)
    completed_at = models.DateTimeField(null=True)
    is_thin_slice = models.BooleanField(null=True)
    thin_slice_reason = models.CharField(max_length=200, blank=True)
    geometry = models.JSONField(default=dict)
    attributes = models.JSONField(default=dict)
    evidence = models.JSONField(default=dict)
    catalogue_version = models.PositiveSmallIntegerField(
        default=CATALOGUE_VERSION, db_default=CATALOGUE_VERSION, editable=False
    )
    withdrawn_at = models.DateTimeField(null=True)

    objects = PresentManager["Series"]()
    all_objects = models.Manager["Series"]()

    class Meta:
        indexes = [
            models.Index(
                fields=["last_received_at"],
                name="series_receiving",
                condition=models.Q(completeness="receiving"),
            ),
            models.Index(fields=["study", "series_number"], name="series_study"),
            models.Index(
                fields=["id"],
                name="series_to_catalogue",
                condition=models.Q(catalogue_version__lt=CATALOGUE_VERSION),
            ),
        ]


class Instance(models.Model):
    """A SOP instance: where its bytes lie, what they hash to, and the few elements queries need.

    Every index costs on every C-STORE: there are four, and no second one for a foreign key or a prefix. The one
    on segments is asked before bytes are removed; what one sender brings falls on the same page of it.
    """

    sop_instance_uid = models.CharField(max_length=64)
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="instances", db_index=False)
    sop_class_uid = models.CharField(max_length=64)
    transfer_syntax_uid = models.CharField(max_length=64)
    instance_number = models.IntegerField(null=True)
    rows = models.PositiveIntegerField(null=True)
    columns = models.PositiveIntegerField(null=True)
    bits_allocated = models.PositiveIntegerField(null=True)
    number_of_frames = models.PositiveIntegerField(default=1)
    image_position = models.JSONField(null=True)
    image_orientation = models.JSONField(null=True)
    pixel_spacing = models.JSONField(null=True)
    storage_key = models.CharField(max_length=200)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sop_instance_uid"], name="instance_once")]
        indexes = [
            models.Index(fields=["series", "instance_number"], name="instance_series"),
            models.Index(SegmentKey("storage_key"), name="instance_segment"),
        ]


class SeriesEvidence(models.Model):
    """Somebody's word on which instances a series has; it may come before the first of them.

    `reference` tells one message of a kind from another: the UID of the performed step, of the commitment
    transaction, of the notification.
    """

    class Kind(models.TextChoices):
        MPPS = "mpps", _("Performed procedure step")
        COMMITMENT = "commitment", _("Storage commitment request")
        AVAILABILITY = "availability", _("Instance availability notification")

    series_instance_uid = models.CharField(max_length=64)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    reference = models.CharField(max_length=64)
    said_by = models.CharField(max_length=16, blank=True)
    is_final = models.BooleanField(default=True)
    instance_uids = models.JSONField(default=list)
    said_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["series_instance_uid", "kind", "reference"], name="series_evidence_once"
            )
        ]


class RejectedObject(models.Model):
    """An object that was refused, kept for a person to look at: what was wrong, and the bytes if any."""

    received_at = models.DateTimeField()
    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="+")
    calling_ae_title = models.CharField(max_length=16, blank=True)
    sop_class_uid = models.CharField(max_length=64, blank=True)
    sop_instance_uid = models.CharField(max_length=64, blank=True)
    code = models.CharField(max_length=80)
    reason = models.CharField(max_length=200)
    storage_key = models.CharField(max_length=200, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    trace_id = models.UUIDField()

    class Meta:
        indexes = [
            models.Index(fields=["-received_at"], name="rejected_recent"),
            models.Index(SegmentKey("storage_key"), name="rejected_segment"),
        ]

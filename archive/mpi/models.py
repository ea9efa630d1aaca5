"""Patients and the identifiers many systems know them by."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import models

from accounts.models import Site
from archive.mpi.names import further, matching_name
from common.identifiers import Authority, Identifier


class Patient(models.Model):
    """One person as the master patient index knows them.

    A patient that was folded into another keeps its row and points at the survivor. `matching_name` is the
    name as queries compare it, kept by `save`; expression indexes on its components (a migration's SQL) serve
    fuzzy matching.
    """

    class Sex(models.TextChoices):
        FEMALE = "F"
        MALE = "M"
        OTHER = "O"
        UNKNOWN = "U"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    family_name = models.CharField(max_length=100, blank=True)
    given_name = models.CharField(max_length=100, blank=True)
    middle_name = models.CharField(max_length=64, blank=True, default="", db_default="")
    name_prefix = models.CharField(max_length=64, blank=True, default="", db_default="")
    name_suffix = models.CharField(max_length=64, blank=True, default="", db_default="")
    ideographic_name = models.CharField(max_length=100, blank=True)
    matching_name = models.CharField(max_length=612, blank=True, editable=False)
    birth_date = models.DateField(null=True)
    sex = models.CharField(max_length=1, choices=Sex.choices, default=Sex.UNKNOWN)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged_from")
    registered_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["family_name", "given_name"], name="patient_name"),
            models.Index(
                fields=["matching_name"], include=["id"], name="patient_matching",
                opclasses=["varchar_pattern_ops"],
            ),
            models.Index(
                fields=["ideographic_name"], name="patient_ideographic", opclasses=["varchar_pattern_ops"]
            ),
            models.Index(fields=["id"], include=["matching_name"], name="patient_name_by_id"),
        ]  # fmt: skip

    def save(self, *, update_fields: Iterable[str] | None = None, **options: Any) -> None:
        self.matching_name = matching_name(
            self.family_name, self.given_name, self.middle_name, self.name_prefix, self.name_suffix
        )
        if update_fields is not None:
            update_fields = {*update_fields, "matching_name"}
        super().save(update_fields=update_fields, **options)

    @property
    def person_name(self) -> str:
        """The name as a DICOM PN, alphabetic=ideographic (PS3.5 §6.2.1)."""
        rest = further(self.middle_name, self.name_prefix, self.name_suffix)
        alphabetic = f"{self.family_name}^{self.given_name}{rest}".rstrip("^")
        return f"{alphabetic}={self.ideographic_name}" if self.ideographic_name else alphabetic

    @property
    def display_name(self) -> str:
        """The name as people read it, every script there is."""
        parts = (self.name_prefix, self.given_name, self.middle_name, self.family_name, self.name_suffix)
        alphabetic = " ".join(part for part in parts if part)
        return " · ".join(part for part in (self.ideographic_name, alphabetic) if part)


class PatientIdentifier(models.Model):
    """One identifier of a patient; value and authority together name exactly one patient."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="identifiers")
    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="+")
    value = models.CharField(max_length=64)
    authority_namespace = models.CharField(max_length=64)
    authority_universal_id = models.CharField(max_length=64, blank=True)
    type_code = models.CharField(max_length=8, default="MR")
    source = models.CharField(max_length=80, blank=True)
    linked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["value", "authority_namespace"], name="patient_identifier_once")
        ]
        indexes = [
            models.Index(fields=["value"], name="identifier_value", opclasses=["varchar_pattern_ops"]),
        ]

    def as_identifier(self) -> Identifier:
        return Identifier(
            self.value,
            Authority(
                self.authority_namespace,
                self.authority_universal_id,
                "ISO" if self.authority_universal_id else "",
            ),
            self.type_code,
        )

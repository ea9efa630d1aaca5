from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import record_audit
from archive.mpi.models import Patient, PatientIdentifier
from archive.mpi.selectors import visible_patients
from portal.api.parameters import query, text_in
from portal.api.resource import UUID_PATTERN, Resource
from portal.audited import note_listing, note_search


class IdentifierSerializer(serializers.ModelSerializer[PatientIdentifier]):
    class Meta:
        model = PatientIdentifier
        fields = (
            "value",
            "authority_namespace",
            "authority_universal_id",
            "type_code",
            "source",
            "linked_at",
        )


class PatientBriefSerializer(serializers.ModelSerializer[Patient]):
    class Meta:
        model = Patient
        fields = ("uid", "display_name", "birth_date", "sex")


class PatientSerializer(PatientBriefSerializer):
    identifiers = IdentifierSerializer(many=True)

    class Meta(PatientBriefSerializer.Meta):
        fields = (  # type: ignore[assignment]
            *PatientBriefSerializer.Meta.fields,
            "family_name", "given_name", "middle_name", "name_prefix", "name_suffix", "ideographic_name",
            "registered_at", "identifiers",
        )  # fmt: skip


@extend_schema_view(
    list=extend_schema(
        parameters=[
            query("identifier", "exactly this identifier, of any authority"),
            query("name", "start of the family, given or ideographic name"),
        ]
    )
)
class PatientViewSet(Resource[Patient]):
    """Patients with an order or study that the caller may see."""

    queryset = Patient.objects.none()
    serializer_class = PatientSerializer
    lookup_field = "uid"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[Patient]:
        patients = visible_patients(self.person).prefetch_related("identifiers")
        if identifier := text_in(self.request, "identifier"):
            known = PatientIdentifier.objects.filter(value=identifier)
            patients = patients.filter(pk__in=known.values("patient_id"))
        if name := text_in(self.request, "name"):
            patients = patients.filter(
                Q(family_name__istartswith=name)
                | Q(given_name__istartswith=name)
                | Q(ideographic_name__startswith=name)
            )
        return patients

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of patients. It leaves a line in the audit trail, as the page for people does."""
        answer = super().list(request, *args, **kwargs)
        note = note_search if {"identifier", "name"} & request.query_params.keys() else note_listing
        note(self.person, patients=len(answer.data["results"]))
        return answer

    def get_object(self) -> Patient:
        patient = super().get_object()
        record_audit(self.person, "patient.opened", object_kind="patient", object_uid=str(patient.uid))
        return patient

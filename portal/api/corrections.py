"""Corrections of studies: what was corrected, and undoing it; making one is an action of the study."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from archive.studies.corrections.access import corrections_of
from archive.studies.corrections.models import Correction
from archive.studies.corrections.services import undo_correction
from portal.api.parameters import query, text_in
from portal.api.resource import UUID_PATTERN, Resource


class CorrectionSerializer(serializers.ModelSerializer[Correction]):
    class Meta:
        model = Correction
        fields = (
            "uid", "kind", "study_instance_uid", "reason", "comment", "instance_count", "made_at", "made_by",
            "performed_at", "undone_at", "undone_by", "trace_id",
        )  # fmt: skip


class CorrectionCommandSerializer(serializers.Serializer[object]):
    """A correction to be made. `patient` is an identifier or UID, `order` an accession number, `into` a study."""

    kind = serializers.ChoiceField(choices=Correction.Kind.choices)
    comment = serializers.CharField(max_length=400)
    series = serializers.ListField(child=serializers.CharField(max_length=64), required=False, default=list)
    reason = serializers.CharField(required=False, allow_blank=True)
    patient = serializers.CharField(required=False, allow_blank=True)
    order = serializers.CharField(required=False, allow_blank=True)
    into = serializers.CharField(required=False, allow_blank=True)


class ConsequencesSerializer(serializers.Serializer[object]):
    """What would follow, in sentences."""

    consequences = serializers.ListField(child=serializers.CharField())


class CorrectionViewSet(Resource[Correction]):
    """Corrections of the sites where the caller corrects studies, newest first."""

    queryset = Correction.objects.none()
    serializer_class = CorrectionSerializer
    lookup_field = "uid"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[Correction]:
        found = corrections_of(self.person)
        study = text_in(self.request, "study")
        return found.filter(study_instance_uid=study) if study else found

    @extend_schema(parameters=[query("study", "Study Instance UID")])
    def list(self, request: Request, *arguments: object, **named: object) -> Response:
        return super().list(request, *arguments, **named)

    @extend_schema(request=None, responses=CorrectionSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, _request: Request, uid: str) -> Response:
        """Make a correction undone."""
        correction = self.get_object()
        undo_correction(correction, actor=self.person)
        correction.refresh_from_db()
        return Response(CorrectionSerializer(correction).data)

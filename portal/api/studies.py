from __future__ import annotations

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import record_audit
from archive.studies.corrections.access import correctable_studies
from archive.studies.models import Series, Study
from archive.studies.selectors import visible_studies
from events.tracing import trace
from portal.api.corrections import (
    ConsequencesSerializer,
    CorrectionCommandSerializer,
    CorrectionSerializer,
)
from portal.api.parameters import date_in, query, text_in, uuid_in
from portal.api.patients import PatientBriefSerializer
from portal.api.resource import UID_VALUE_PATTERN, Resource
from portal.api.series import SeriesSerializer, counted
from portal.studies.correcting import Command, carry_out, consequences, read_command


class StudySerializer(serializers.ModelSerializer[Study]):
    site = serializers.CharField(source="site.code")
    patient = PatientBriefSerializer()
    order = serializers.UUIDField(source="order.uid", default=None)
    modalities = serializers.SerializerMethodField()

    class Meta:
        model = Study
        fields = (
            "study_instance_uid", "site", "patient", "order", "match_reason", "accession_number", "study_id",
            "study_date", "study_time", "study_description", "referring_physician_name", "modalities",
            "received_at", "trace_id",
        )  # fmt: skip

    def get_modalities(self, study: Study) -> list[str]:
        return sorted({series.modality for series in study.series.all() if series.modality})


class StudyDetailSerializer(StudySerializer):
    series = SeriesSerializer(many=True)

    class Meta(StudySerializer.Meta):
        fields = (*StudySerializer.Meta.fields, "series")  # type: ignore[assignment]


@extend_schema_view(
    list=extend_schema(
        parameters=[
            query("accession_number", "exactly this accession number"),
            query("patient", "UID of the patient"),
            query("order", "UID of the order"),
            query("modality", "studies with a series of this modality"),
            query("site", "code of the site"),
            query("study_date_from", "first Study Date, YYYY-MM-DD"),
            query("study_date_to", "last Study Date, YYYY-MM-DD"),
            query("trace", "trace id"),
        ]
    )
)
class StudyViewSet(Resource[Study]):
    """Studies of the caller's sites, and those of cases the caller takes part in."""

    queryset = Study.objects.none()
    serializer_class = StudySerializer
    detail_serializer_class = StudyDetailSerializer
    lookup_field = "study_instance_uid"
    lookup_value_regex = UID_VALUE_PATTERN

    def get_queryset(self) -> QuerySet[Study]:
        series = Series.objects.order_by("is_derived", "series_number", "pk")
        if self.action == "retrieve":
            series = counted(series.select_related("study"))
        wanted = {
            "accession_number": text_in(self.request, "accession_number"),
            "patient__uid": uuid_in(self.request, "patient"),
            "order__uid": uuid_in(self.request, "order"),
            "site__code": text_in(self.request, "site"),
            "study_date__gte": date_in(self.request, "study_date_from"),
            "study_date__lte": date_in(self.request, "study_date_to"),
            "trace_id": uuid_in(self.request, "trace"),
        }
        studies = visible_studies(self.person).filter(
            **{name: value for name, value in wanted.items() if value}
        )
        if modality := text_in(self.request, "modality"):
            studies = studies.filter(pk__in=Series.objects.filter(modality=modality).values("study_id"))
        return studies.select_related("site", "patient", "order").prefetch_related(
            Prefetch("series", queryset=series)
        )

    def get_object(self) -> Study:
        study = super().get_object()
        with trace(study.trace_id):
            record_audit(
                self.person, "study.opened", object_kind="study", object_uid=study.study_instance_uid,
                study_instance_uid=study.study_instance_uid, site_code=study.site.code,
            )  # fmt: skip
        return study

    @extend_schema(request=CorrectionCommandSerializer, responses=CorrectionSerializer)
    @action(detail=True, methods=["post"])
    def correct(self, request: Request, study_instance_uid: str) -> Response:
        """Reassign, split, merge or reject; a split or merge is made beside, `performed_at` tells when."""
        correction = carry_out(self._command(request, study_instance_uid), self.person)
        return Response(CorrectionSerializer(correction).data, status=201)

    @extend_schema(request=CorrectionCommandSerializer, responses=ConsequencesSerializer)
    @action(detail=True, methods=["post"], url_path="correct/preview")
    def preview_correction(self, request: Request, study_instance_uid: str) -> Response:
        """What a correction would change; nothing is changed by asking."""
        return Response({"consequences": consequences(self._command(request, study_instance_uid))})

    def _command(self, request: Request, study_instance_uid: str) -> Command:
        study = get_object_or_404(correctable_studies(self.person), study_instance_uid=study_instance_uid)
        command = CorrectionCommandSerializer(data=request.data)
        command.is_valid(raise_exception=True)
        return read_command(command.validated_data, study, self.person)

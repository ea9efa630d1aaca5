from __future__ import annotations

from django.db.models import Count, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.audit import record_audit
from archive.studies.models import Series
from archive.studies.selectors import visible_series
from events.tracing import trace
from portal.api.parameters import query, text_in, uid_in
from portal.api.resource import UID_VALUE_PATTERN, Resource


class SeriesSerializer(serializers.ModelSerializer[Series]):
    """A series with what was judged of it. `instance_count` is what is stored and readable now."""

    study_instance_uid = serializers.CharField(source="study.study_instance_uid")
    instance_count = serializers.IntegerField()

    class Meta:
        model = Series
        fields = (
            "series_instance_uid", "study_instance_uid", "modality", "series_number", "series_description",
            "body_part_examined", "is_derived", "is_localizer", "instance_count", "expected_instances", "completeness",
            "completeness_reason", "completed_at", "is_thin_slice", "thin_slice_reason", "geometry",
            "first_received_at", "last_received_at",
        )  # fmt: skip


def counted(series: QuerySet[Series]) -> QuerySet[Series]:
    """Series with `instance_count`."""
    return series.annotate(instance_count=Count("instances"))


@extend_schema_view(
    list=extend_schema(parameters=[query("study", "Study Instance UID"), query("modality", "CT, MR, ...")])
)
class SeriesViewSet(Resource[Series]):
    """Series of the studies the caller may see."""

    queryset = Series.objects.none()
    serializer_class = SeriesSerializer
    lookup_field = "series_instance_uid"
    lookup_value_regex = UID_VALUE_PATTERN

    def get_queryset(self) -> QuerySet[Series]:
        series = counted(visible_series(self.person).select_related("study__site"))
        if study := uid_in(self.request, "study"):
            series = series.filter(study__study_instance_uid=study)
        if modality := text_in(self.request, "modality"):
            series = series.filter(modality=modality)
        return series

    def get_object(self) -> Series:
        series = super().get_object()
        with trace(series.study.trace_id):
            record_audit(
                self.person, "series.opened", object_kind="series", object_uid=series.series_instance_uid,
                study_instance_uid=series.study.study_instance_uid, site_code=series.study.site.code,
            )  # fmt: skip
        return series

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.audit import record_audit
from archive.reports.models import Report
from archive.reports.selectors import visible_reports
from events.tracing import trace
from portal.api.parameters import query, text_in, uid_in
from portal.api.people import PersonBriefSerializer
from portal.api.resource import UUID_PATTERN, Resource


class ReportSerializer(serializers.ModelSerializer[Report]):
    study_instance_uid = serializers.CharField(source="study.study_instance_uid")
    supersedes = serializers.UUIDField(source="supersedes.uid", default=None)
    author = PersonBriefSerializer()

    class Meta:
        model = Report
        fields = (
            "uid", "study_instance_uid", "status", "version", "supersedes", "findings", "impression",
            "recommendation", "is_critical", "author", "signed_at", "digest", "created_at", "trace_id",
        )  # fmt: skip


@extend_schema_view(
    list=extend_schema(
        parameters=[
            query("study", "Study Instance UID"),
            query("status", "preliminary, final or amended"),
        ]
    )
)
class ReportViewSet(Resource[Report]):
    """Reports of the studies the caller may see."""

    queryset = Report.objects.none()
    serializer_class = ReportSerializer
    lookup_field = "uid"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[Report]:
        reports = visible_reports(self.person).select_related("study__site", "author", "supersedes")
        if study := uid_in(self.request, "study"):
            reports = reports.filter(study__study_instance_uid=study)
        if status := text_in(self.request, "status"):
            reports = reports.filter(status=status)
        return reports

    def get_object(self) -> Report:
        report = super().get_object()
        with trace(report.trace_id):
            record_audit(
                self.person, "report.opened", object_kind="report", object_uid=str(report.uid),
                study_instance_uid=report.study.study_instance_uid, site_code=report.study.site.code,
            )  # fmt: skip
        return report

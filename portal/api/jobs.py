from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from compute.models import Job
from compute.selectors import visible_jobs
from portal.api.parameters import query, text_in, uid_in, uuid_in
from portal.api.resource import UUID_PATTERN, Resource


class JobSerializer(serializers.ModelSerializer[Job]):
    """One run of a template: where it stands, why it was placed where it is, and what came of it."""

    class Meta:
        model = Job
        fields = (
            "uid", "template_key", "template_version", "study_instance_uid", "series_instance_uid",
            "parameters", "status", "progress_percent", "step", "queue", "placement_reason", "device",
            "attempts", "case_uid", "result_series_uid", "result_count", "error_code", "submitted_by",
            "site_code", "trace_id", "submitted_at", "started_at", "finished_at",
        )  # fmt: skip


@extend_schema_view(
    list=extend_schema(
        parameters=[
            query("study", "Study Instance UID"),
            query("case", "UID of the case"),
            query("status", "queued, running, completed, failed or cancelled"),
            query("trace", "trace id"),
        ]
    )
)
class JobViewSet(Resource[Job]):
    """Jobs on the studies the caller may see."""

    queryset = Job.objects.none()
    serializer_class = JobSerializer
    lookup_field = "uid"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[Job]:
        wanted = {
            "study_instance_uid": uid_in(self.request, "study"),
            "case_uid": uuid_in(self.request, "case"),
            "status": text_in(self.request, "status"),
            "trace_id": uuid_in(self.request, "trace"),
        }
        return visible_jobs(self.person).filter(**{name: value for name, value in wanted.items() if value})

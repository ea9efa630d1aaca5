"""Cases as those see them who keep them moving: where each stands, suspended and let go on; nobody's data."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers

from portal.api.authentication import FOR_PROGRAMS
from portal.api.parameters import query, text_in
from portal.api.resource import UUID_PATTERN
from portal.api.standstill import IncidentSerializer
from portal.api.suspending import SuspendableCases
from portal.operations import gathering
from portal.operations.gathering import Show
from workflows.models import ProcessInstance
from workflows.selectors import operated_cases


class OperatedCaseSerializer(serializers.ModelSerializer[ProcessInstance]):
    """`steps` wait for people; `incident_count` is of those that are open."""

    process = serializers.CharField(source="definition.key")
    process_version = serializers.IntegerField(source="definition.version")
    site = serializers.CharField(source="site.code")
    steps = serializers.SerializerMethodField()
    incident_count = serializers.IntegerField()

    class Meta:
        model = ProcessInstance
        fields = (
            "uid", "process", "process_version", "site", "status", "priority", "revision", "started_at", "changed_at",
            "ended_at", "suspended_at", "trace_id", "steps", "incident_count",
        )  # fmt: skip

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_steps(self, case: ProcessInstance) -> list[str]:
        return [task.element_id for task in vars(case)["open_tasks"]]


class WaitingSerializer(serializers.Serializer[Any]):
    """What a case waits for, and since when; of a moment, when it comes."""

    kind = serializers.CharField(help_text="person, machine or timer")
    element_id = serializers.CharField()
    since = serializers.DateTimeField()


class OperatedCaseDetailSerializer(OperatedCaseSerializer):
    waits = serializers.SerializerMethodField()
    kept = serializers.SerializerMethodField(help_text="how much of what came waits for it to go on")
    incidents = serializers.SerializerMethodField()

    class Meta(OperatedCaseSerializer.Meta):
        fields = (*OperatedCaseSerializer.Meta.fields, "waits", "kept", "incidents")  # type: ignore[assignment]

    @extend_schema_field(WaitingSerializer(many=True))
    def get_waits(self, case: ProcessInstance) -> Any:
        return WaitingSerializer(gathering.waits_of(case), many=True).data

    @extend_schema_field(int)
    def get_kept(self, case: ProcessInstance) -> int:
        return gathering.kept_of(case)

    @extend_schema_field(IncidentSerializer(many=True))
    def get_incidents(self, case: ProcessInstance) -> Any:
        return IncidentSerializer(gathering.incidents_of(case), many=True).data


@extend_schema_view(
    list=extend_schema(
        parameters=[query("show", "running, suspended or incidents: those of which one is open")]
    )
)
class OperatedCaseViewSet(SuspendableCases):
    """Cases of the sites whose cases the caller looks after: the running ones are listed, any is found by its UID."""

    authentication_classes = FOR_PROGRAMS
    queryset = ProcessInstance.objects.none()
    serializer_class = OperatedCaseSerializer
    detail_serializer_class = OperatedCaseDetailSerializer
    lookup_field = "uid"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[ProcessInstance]:
        if self.action != "list":
            return gathering.with_rows(operated_cases(self.person))
        wanted = text_in(self.request, "show")
        show = Show(wanted) if wanted in set(Show) else Show.RUNNING
        return gathering.with_rows(gathering.shown_cases(self.person, show))

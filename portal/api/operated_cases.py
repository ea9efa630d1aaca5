"""Cases as those see them who keep them moving: where each stands, suspended and let go on; nobody's data."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.authentication import FOR_PROGRAMS
from portal.api.case_actions import REFUSALS, SuspensionSerializer
from portal.api.parameters import query, text_in
from portal.api.resource import UUID_PATTERN, Resource
from portal.api.standstill import IncidentSerializer
from portal.operations import gathering
from portal.operations.gathering import Show
from workflows.models import ProcessInstance
from workflows.selectors import operated_cases
from workflows.services import resume_process, suspend_process


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
class OperatedCaseViewSet(Resource[ProcessInstance]):
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

    @extend_schema(request=SuspensionSerializer, responses={204: None, **REFUSALS})
    @action(detail=True, methods=["post"])
    def suspend(self, request: Request, uid: str) -> Response:
        """Let nothing be done in the case: tasks, timers, steps of machines and news wait until it is resumed."""
        told = SuspensionSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        suspend_process(self.get_object(), actor=self.person, reason=told.validated_data["reason"])
        return Response(status=204)

    @extend_schema(request=None, responses={204: None, **REFUSALS})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, uid: str) -> Response:
        """Let a suspended case go on: what is due fires, and what came meanwhile is applied in the order it came."""
        resume_process(self.get_object(), actor=self.person)
        return Response(status=204)

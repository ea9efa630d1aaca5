from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import record_audit
from events.tracing import trace
from portal.api.authentication import FOR_PROGRAMS
from portal.api.case_actions import CaseActions, StartSerializer
from portal.api.parameters import query, text_in, uid_in, uuid_in
from portal.api.resource import UUID_PATTERN
from portal.api.suspending import REFUSALS
from portal.api.tasks import TaskSerializer
from workflows.models import ProcessInstance, ProcessSubject, UserTask
from workflows.selectors import cases_around, diagram_state, visible_cases


class CaseSerializer(serializers.ModelSerializer[ProcessInstance]):
    process = serializers.CharField(source="definition.key")
    process_version = serializers.IntegerField(source="definition.version")
    name = serializers.CharField(source="definition.name")
    site = serializers.CharField(source="site.code")
    subjects = serializers.SerializerMethodField()

    class Meta:
        model = ProcessInstance
        fields = (
            "uid", "process", "process_version", "name", "site", "status", "outcome", "priority", "revision",
            "started_at", "changed_at", "ended_at", "suspended_at", "trace_id", "subjects",
        )  # fmt: skip

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_subjects(self, case: ProcessInstance) -> dict[str, str]:
        return {subject.kind: subject.uid for subject in case.subjects.all()}


class DiagramSerializer(serializers.Serializer[Any]):
    """Where a process stands on its diagram."""

    active = serializers.ListField(child=serializers.CharField())
    completed = serializers.ListField(child=serializers.CharField())
    elements = serializers.DictField()


class DiagramWithModelSerializer(DiagramSerializer):
    xml = serializers.CharField()


class RelatedCaseSerializer(serializers.ModelSerializer[ProcessInstance]):
    """A case that called another one, or was called by it."""

    process = serializers.CharField(source="definition.key")
    is_caller = serializers.SerializerMethodField()

    class Meta:
        model = ProcessInstance
        fields = ("uid", "process", "status", "outcome", "is_caller")

    def get_is_caller(self, case: ProcessInstance) -> bool:
        return bool(case.pk < self.context["of"].pk)


class CaseDetailSerializer(CaseSerializer):
    tasks = TaskSerializer(source="user_tasks", many=True)
    diagram = serializers.SerializerMethodField()
    calls = serializers.SerializerMethodField()

    class Meta(CaseSerializer.Meta):
        fields = (*CaseSerializer.Meta.fields, "tasks", "diagram", "calls")  # type: ignore[assignment]

    @extend_schema_field(RelatedCaseSerializer(many=True))
    def get_calls(self, case: ProcessInstance) -> Any:
        around = cases_around(case, self.context["view"].person)
        return RelatedCaseSerializer(around, many=True, context={"of": case}).data

    @extend_schema_field(DiagramSerializer)
    def get_diagram(self, case: ProcessInstance) -> Any:
        return DiagramSerializer(diagram_state(case)).data


@extend_schema_view(
    list=extend_schema(
        parameters=[
            query("order", "UID of the order"),
            query("study", "Study Instance UID"),
            query("patient", "UID of the patient"),
            query("status", "running, completed, cancelled or failed"),
            query("process", "key of the process definition"),
        ]
    )
)
class CaseViewSet(CaseActions):
    """Cases at the caller's sites, and those the caller has a task in."""

    authentication_classes = FOR_PROGRAMS
    queryset = ProcessInstance.objects.none()
    serializer_class = CaseSerializer
    detail_serializer_class = CaseDetailSerializer
    lookup_field = "uid"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[ProcessInstance]:
        cases = visible_cases(self.person).defer("state").select_related("definition", "site")
        about = {
            "order": uuid_in(self.request, "order"),
            "study": uid_in(self.request, "study"),
            "patient": uuid_in(self.request, "patient"),
        }
        for kind, uid in about.items():
            if uid:
                subjects = ProcessSubject.objects.filter(kind=kind, uid=str(uid))
                cases = cases.filter(pk__in=subjects.values("instance_id"))
        wanted = {
            "status": text_in(self.request, "status"),
            "definition__key": text_in(self.request, "process"),
        }
        cases = cases.filter(**{name: value for name, value in wanted.items() if value})
        tasks = UserTask.objects.select_related("site", "assignee", "completed_by").order_by("offered_at")
        return cases.prefetch_related("subjects", Prefetch("user_tasks", queryset=tasks))

    @extend_schema(request=StartSerializer, responses={200: CaseSerializer, 201: CaseSerializer, **REFUSALS})
    def create(self, request: Request) -> Response:
        """Start a case on the active version of a process; 200 if it was started under this key before."""
        started, is_new = self.start(request)
        found = ProcessInstance.objects.defer("state").select_related("definition", "site")
        case = found.prefetch_related("subjects").get(pk=started.pk)
        return Response(CaseSerializer(case).data, status=201 if is_new else 200)

    def get_object(self) -> ProcessInstance:
        case = super().get_object()
        study = next((subject.uid for subject in case.subjects.all() if subject.kind == "study"), "")
        with trace(case.trace_id):
            record_audit(
                self.person, "case.opened", object_kind="case", object_uid=str(case.uid),
                study_instance_uid=study, site_code=case.site.code,
            )  # fmt: skip
        return case

    @extend_schema(responses=DiagramWithModelSerializer)
    @action(detail=True, methods=["get"])
    def diagram(self, request: Request, uid: str) -> Response:
        """The diagram as BPMN XML, with where this case stands on it."""
        return Response(DiagramWithModelSerializer(diagram_state(self.get_object())).data)

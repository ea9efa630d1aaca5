from __future__ import annotations

from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import record_audit
from events.tracing import trace
from portal.api.authentication import person_of
from portal.api.errors import RefusalSerializer
from portal.api.pagination import InboxPagination
from portal.api.parameters import query, text_in, uuid_in
from portal.api.people import PersonBriefSerializer
from portal.api.resource import UUID_PATTERN, Resource
from workflows.forms import load_form
from workflows.models import FormDraft, ProcessInstance, UserTask
from workflows.selectors import inbox, visible_cases
from workflows.services import claim_user_task, complete_user_task, release_user_task, save_draft

URGENCY = Case(
    When(priority="STAT", then=Value(0)),
    When(priority="URGENT", then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


class TaskSerializer(serializers.ModelSerializer[UserTask]):
    case = serializers.UUIDField(source="instance.uid")
    site = serializers.CharField(source="site.code")
    assignee = PersonBriefSerializer()
    completed_by = PersonBriefSerializer()

    class Meta:
        model = UserTask
        fields = (
            "uid", "case", "element_id", "name", "form", "role", "site", "assignee", "completed_by", "status",
            "priority", "offered_at", "claimed_at", "due_at", "closed_at",
        )  # fmt: skip


class DraftSerializer(serializers.Serializer[Any]):
    """What was typed so far. `revision` is the one the sender had seen: 0 for none."""

    data = serializers.DictField()  # type: ignore[assignment]  # the field's name is the interface's
    revision = serializers.IntegerField(min_value=0)


class TaskDetailSerializer(TaskSerializer):
    form_definition = serializers.SerializerMethodField()
    draft = serializers.SerializerMethodField()

    class Meta(TaskSerializer.Meta):
        fields = (*TaskSerializer.Meta.fields, "form_definition", "draft")  # type: ignore[assignment]

    @extend_schema_field(serializers.DictField())
    def get_form_definition(self, task: UserTask) -> dict[str, Any]:
        return load_form(task.instance.definition, task.form)

    @extend_schema_field(DraftSerializer)
    def get_draft(self, task: UserTask) -> dict[str, Any] | None:
        draft = FormDraft.objects.filter(task=task, person=person_of(self.context["request"])).first()
        return {"data": draft.data, "revision": draft.revision} if draft else None


class CompletionSerializer(serializers.Serializer[Any]):
    outcome = serializers.CharField()
    data = serializers.DictField(default=dict)  # type: ignore[assignment]


class CompletedSerializer(serializers.ModelSerializer[ProcessInstance]):
    """Where the case stands after the step."""

    case = serializers.UUIDField(source="uid")

    class Meta:
        model = ProcessInstance
        fields = ("case", "status", "outcome", "revision")


REFUSALS = {400: RefusalSerializer, 403: RefusalSerializer, 404: RefusalSerializer, 409: RefusalSerializer}


@extend_schema_view(
    list=extend_schema(
        parameters=[query("case", "UID of the case"), query("element", "element of the diagram")]
    )
)
class TaskViewSet(Resource[UserTask]):
    """The caller's inbox; single tasks of the cases the caller may see."""

    queryset = UserTask.objects.none()
    serializer_class = TaskSerializer
    detail_serializer_class = TaskDetailSerializer
    pagination_class = InboxPagination
    lookup_field = "uid"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[UserTask]:
        tasks = inbox(self.person) if self.action == "list" else self._known_tasks()
        if case := uuid_in(self.request, "case"):
            tasks = tasks.filter(instance__uid=case)
        if element := text_in(self.request, "element"):
            tasks = tasks.filter(element_id=element)
        return (
            tasks.annotate(urgency=URGENCY)
            .select_related("instance__definition", "site", "assignee", "completed_by")
            .defer("instance__state")
        )

    def get_object(self) -> UserTask:
        task = super().get_object()
        with trace(task.instance.trace_id):
            record_audit(
                self.person, "task.opened", object_kind="task", object_uid=str(task.uid),
                site_code=task.site.code, case=str(task.instance.uid),
            )  # fmt: skip
        return task

    @extend_schema(request=None, responses={200: TaskSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def claim(self, request: Request, uid: str) -> Response:
        """Take the task, so that nobody else starts on it."""
        claim_user_task(self._task(), actor=self.person)
        return self._answer(uid)

    @extend_schema(request=None, responses={200: TaskSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def release(self, request: Request, uid: str) -> Response:
        """Give the task back to its role."""
        release_user_task(self._task(), actor=self.person)
        return self._answer(uid)

    @extend_schema(request=DraftSerializer, responses={200: DraftSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def draft(self, request: Request, uid: str) -> Response:
        """Keep what was typed so far; 409 if another window saved meanwhile."""
        task = self._task()
        typed = DraftSerializer(data=request.data)
        typed.is_valid(raise_exception=True)
        draft = save_draft(task, person=self.person, **typed.validated_data)
        return Response({"data": draft.data, "revision": draft.revision})

    @extend_schema(request=CompletionSerializer, responses={200: CompletedSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, uid: str) -> Response:
        """Finish the task with an outcome of its form and the form's data."""
        task = self._task()
        completion = CompletionSerializer(data=request.data)
        completion.is_valid(raise_exception=True)
        case = complete_user_task(task, actor=self.person, **completion.validated_data)
        return Response(CompletedSerializer(case).data)

    def _known_tasks(self) -> QuerySet[UserTask]:
        return UserTask.objects.filter(instance__in=visible_cases(self.person))

    def _task(self) -> UserTask:
        return get_object_or_404(self.get_queryset(), uid=self.kwargs["uid"])

    def _answer(self, uid: str) -> Response:
        return Response(TaskSerializer(get_object_or_404(self.get_queryset(), uid=uid)).data)

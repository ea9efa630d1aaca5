from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import record_audit
from accounts.models import Person
from accounts.privileges import Privilege, sites_where
from accounts.signing import sign
from common.errors import InvalidInput
from events.tracing import trace
from portal.api.authentication import person_of
from portal.api.errors import RefusalSerializer
from portal.api.pagination import InboxPagination
from portal.api.parameters import query, text_in, uuid_in
from portal.api.people import PersonBriefSerializer
from portal.api.resource import UUID_PATTERN, Resource
from workflows.forms import load_form
from workflows.models import RANKS, ROUTINE_RANK, FormDraft, ProcessInstance, UserTask
from workflows.people.inboxes import ALL_RANKS, Wish, inbox_page, overdue, team_page
from workflows.people.task_steps import people_who_may
from workflows.selectors import assignable_tasks, inbox, visible_cases
from workflows.services import (
    asks_for_signature,
    claim_user_task,
    complete_user_task,
    decline_user_task,
    delegate_user_task,
    hand_back_user_task,
    reassign_user_task,
    release_user_task,
    save_draft,
)


class TaskSerializer(serializers.ModelSerializer[UserTask]):
    case = serializers.UUIDField(source="instance.uid")
    site = serializers.CharField(source="site.code")
    assignee = PersonBriefSerializer()
    owner = PersonBriefSerializer()
    completed_by = PersonBriefSerializer()
    is_suspended = serializers.SerializerMethodField(
        help_text="its case is suspended: nothing can be done in it now"
    )

    class Meta:
        model = UserTask
        fields = (
            "uid", "case", "element_id", "name", "form", "lane", "role", "site", "assignee", "owner", "delegation",
            "completed_by", "status", "priority", "offered_at", "claimed_at", "due_at", "closed_at",
            "is_suspended",
        )  # fmt: skip

    def get_is_suspended(self, task: UserTask) -> bool:
        return task.instance.suspended_at is not None


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
    """`password` is wanted where the outcome is to be signed, of those who signed in by one."""

    outcome = serializers.CharField()
    data = serializers.DictField(default=dict)  # type: ignore[assignment]
    password = serializers.CharField(default="", allow_blank=True, trim_whitespace=False, write_only=True)


class DelegationSerializer(serializers.Serializer[Any]):
    """Who is asked. With `comes_back` the caller goes on to answer for the task and finishes it."""

    to = serializers.CharField()
    note = serializers.CharField(default="", allow_blank=True)
    comes_back = serializers.BooleanField(default=True)


class ReassignmentSerializer(serializers.Serializer[Any]):
    """Whom the task is given to; null offers it to its role again."""

    to = serializers.CharField(allow_null=True)
    reason = serializers.CharField()


class DeclineSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField()


class HandBackSerializer(serializers.Serializer[Any]):
    note = serializers.CharField(default="", allow_blank=True)


class CompletedSerializer(serializers.ModelSerializer[ProcessInstance]):
    """Where the case stands after the step."""

    case = serializers.UUIDField(source="uid")

    class Meta:
        model = ProcessInstance
        fields = ("case", "status", "outcome", "revision")


REFUSALS = {400: RefusalSerializer, 403: RefusalSerializer, 404: RefusalSerializer, 409: RefusalSerializer}


@extend_schema_view(
    list=extend_schema(
        parameters=[
            query("case", "UID of the case"),
            query("element", "element of the diagram"),
            query("site", "code of the site the task is at"),
            query("role", "role the task is offered to"),
            query("lane", "lane of the diagram"),
            query("priority", "STAT, URGENT or ROUTINE"),
            query(
                "show",
                "mine, role (not yet taken), named (offered to the caller by name), overdue, stat, or all, the default",
            ),
            query(
                "scope", "inbox, the default; or team: open tasks of the sites where the caller assigns tasks"
            ),
            query("limit", "tasks a page, 50 unless told, 200 at most"),
            query("cursor", "where the page begins, as `next` of the page before has it"),
        ]
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

    def list(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        pages = InboxPagination(request)
        return pages.answer(self._page(pages), TaskSerializer)

    def get_queryset(self) -> QuerySet[UserTask]:
        return self._with_details(self._known_tasks())

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
        """Take the task, so that nobody else starts on it; or take back what one delegated."""
        claim_user_task(self._task(), actor=self.person)
        return self._answer(uid)

    @extend_schema(request=None, responses={200: TaskSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def release(self, request: Request, uid: str) -> Response:
        """Give the task back to those it is offered to."""
        release_user_task(self._task(), actor=self.person)
        return self._answer(uid)

    @extend_schema(request=DelegationSerializer, responses={200: TaskSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def delegate(self, request: Request, uid: str) -> Response:
        """Have a colleague do the task, with what was typed so far."""
        asked = self._asked(DelegationSerializer)
        to = person_named(asked.pop("to"))
        delegate_user_task(self._task(), actor=self.person, to=to, **asked)
        return self._answer(uid)

    @extend_schema(request=HandBackSerializer, responses={200: TaskSerializer, **REFUSALS})
    @action(detail=True, methods=["post"], url_path="hand-back")
    def hand_back(self, request: Request, uid: str) -> Response:
        """Give a delegated task back to who answers for it."""
        hand_back_user_task(self._task(), actor=self.person, **self._asked(HandBackSerializer))
        return self._answer(uid)

    @extend_schema(request=DeclineSerializer, responses={200: TaskSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, uid: str) -> Response:
        """Refuse the task and say why; a form that draws declining is finished so."""
        task = self._task()
        decline_user_task(task, actor=self.person, **self._asked(DeclineSerializer))
        return Response(TaskSerializer(self._with_details(UserTask.objects.all()).get(pk=task.pk)).data)

    @extend_schema(request=ReassignmentSerializer, responses={200: TaskSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def reassign(self, request: Request, uid: str) -> Response:
        """Give the task to somebody, whoever has it: for who assigns tasks at its site."""
        asked = self._asked(ReassignmentSerializer)
        to = person_named(asked["to"]) if asked["to"] else None
        task = get_object_or_404(self._with_details(assignable_tasks(self.person)), uid=uid)
        reassign_user_task(task, actor=self.person, to=to, reason=asked["reason"])
        return Response(TaskSerializer(self._with_details(UserTask.objects.all()).get(pk=task.pk)).data)

    @extend_schema(responses=PersonBriefSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def colleagues(self, request: Request, uid: str) -> Response:
        """Those to whom the task could be given."""
        people = people_who_may(self._task()).exclude(pk=self.person.pk)
        return Response(PersonBriefSerializer(people, many=True).data)

    @extend_schema(request=DraftSerializer, responses={200: DraftSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def draft(self, request: Request, uid: str) -> Response:
        """Keep what was typed so far; 409 if another window saved meanwhile."""
        task = self._task()
        draft = save_draft(task, person=self.person, **self._asked(DraftSerializer))
        return Response({"data": draft.data, "revision": draft.revision})

    @extend_schema(request=CompletionSerializer, responses={200: CompletedSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, uid: str) -> Response:
        """Finish the task with an outcome of its form and the form's data."""
        task = self._task()
        completion = self._asked(CompletionSerializer)
        password = completion.pop("password")
        is_signed = asks_for_signature(task, actor=self.person, **completion)
        django_request = request._request  # noqa: SLF001 - axes
        signature = (
            sign(self.person, password, request=django_request, object_uid=str(task.uid))
            if is_signed
            else None
        )
        case = complete_user_task(task, actor=self.person, signature=signature, **completion)
        return Response(CompletedSerializer(case).data)

    def _page(self, pages: InboxPagination) -> Sequence[UserTask]:
        if case := uuid_in(self.request, "case"):
            tasks = self._with_details(inbox(self.person)).filter(instance__uid=case)
            if element := text_in(self.request, "element"):
                tasks = tasks.filter(element_id=element)
            return list(tasks[: pages.size + 1])
        wish = wish_of(self.request)
        if text_in(self.request, "scope") == "team":
            sites = sites_where(self.person, Privilege.ASSIGN_TASKS)
            return team_page(sites, wish, after=pages.after, size=pages.size + 1)
        return inbox_page(self.person, wish, after=pages.after, size=pages.size + 1)

    def _known_tasks(self) -> QuerySet[UserTask]:
        return UserTask.objects.filter(instance__in=visible_cases(self.person))

    @staticmethod
    def _with_details(tasks: QuerySet[UserTask]) -> QuerySet[UserTask]:
        return tasks.select_related(
            "instance__definition", "site", "assignee", "owner", "completed_by"
        ).defer("instance__state")

    def _asked(self, serializer: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        asked = serializer(data=self.request.data)
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)

    def _task(self) -> UserTask:
        return get_object_or_404(self.get_queryset(), uid=self.kwargs["uid"])

    def _answer(self, uid: str) -> Response:
        return Response(
            TaskSerializer(get_object_or_404(self._with_details(UserTask.objects.all()), uid=uid)).data
        )


def wish_of(request: Request) -> Wish:
    """What of the inbox the parameters ask for."""
    wish = Wish(
        site=text_in(request, "site"),
        role=text_in(request, "role"),
        lane=text_in(request, "lane"),
        element=text_in(request, "element"),
        ranks=_ranks(text_in(request, "priority")),
    )
    match text_in(request, "show"):
        case "mine":
            return replace(wish, free=False)
        case "role":
            return replace(wish, mine=False)
        case "named":
            return replace(wish, mine=False, named=True)
        case "stat":
            return replace(wish, ranks=tuple({RANKS["STAT"]} & set(wish.ranks)))
        case "overdue":
            return overdue(wish)
    return wish


def _ranks(priority: str) -> tuple[int, ...]:
    """The ranks of a priority; all of them where none is asked for."""
    return (RANKS.get(priority, ROUTINE_RANK),) if priority else ALL_RANKS


def person_named(username: str) -> Person:
    """The person of a username, as a field of a request names them."""
    person = Person.objects.filter(username=username, is_active=True).first()
    if person is None:
        sentence = _("Nobody here is called so.")
        raise InvalidInput(sentence, code="PERSON_UNKNOWN", fields={"to": sentence})
    return person

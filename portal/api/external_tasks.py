"""Steps for workers in any language: fetch under a lock, answer, fail, throw a BPMN error, keep, give back."""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.authentication import FOR_PROGRAMS
from portal.api.errors import RefusalSerializer
from portal.api.pagination import KeysetPagination
from portal.api.parameters import query, text_in
from portal.api.resource import UUID_PATTERN, Resource
from workflows.machines import external_tasks as services
from workflows.models import ServiceTaskRun

LONGEST_POLL_S = 20
POLL_EVERY_S = 0.5
WORD = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,79}$"
# A program that waits here holds one of the few threads of a web worker; a second one gets its answer at once.
_waiting = threading.BoundedSemaphore(1)

REFUSALS = {
    400: RefusalSerializer,
    403: RefusalSerializer,
    404: RefusalSerializer,
    409: RefusalSerializer,
}


class ExternalTaskSerializer(serializers.ModelSerializer[ServiceTaskRun]):
    """A step to be done. `uid` is the same each time it is tried: do its work once for it."""

    case = serializers.UUIDField(source="instance.uid")
    process = serializers.CharField(source="instance.definition.key")
    process_version = serializers.IntegerField(source="instance.definition.version")
    site = serializers.CharField(source="instance.site.code")
    priority = serializers.CharField(source="instance.priority")
    trace_id = serializers.UUIDField(source="instance.trace_id")
    locked_until = serializers.DateTimeField(source="lease_until", allow_null=True)
    subjects = serializers.SerializerMethodField()

    class Meta:
        model = ServiceTaskRun
        fields = (
            "uid", "topic", "element_id", "name", "arguments", "attempts", "status", "worker", "locked_until",
            "next_attempt_at", "error_code", "queued_at", "finished_at", "case", "process", "process_version",
            "site", "priority", "subjects", "trace_id",
        )  # fmt: skip

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_subjects(self, run: ServiceTaskRun) -> dict[str, str]:
        return {subject.kind: subject.uid for subject in run.instance.subjects.all()}


class WorkerSerializer(serializers.Serializer[Any]):
    worker = serializers.RegexField(WORD, help_text="the worker's own name; whoever holds the lock")


class LockSerializer(WorkerSerializer):
    lock_s = serializers.IntegerField(min_value=1, max_value=86_400, default=60)


class FetchSerializer(LockSerializer):
    topics = serializers.ListField(child=serializers.RegexField(WORD), min_length=1, max_length=50)
    most = serializers.IntegerField(min_value=1, max_value=services.MOST_AT_ONCE, default=1)
    wait_s = serializers.IntegerField(
        min_value=0, max_value=LONGEST_POLL_S, default=0, help_text="how long to wait for a step"
    )


class AnswerSerializer(WorkerSerializer):
    result = serializers.DictField(default=dict, help_text="identifiers and codes, for the process data")


class CodeSerializer(WorkerSerializer):
    code = serializers.RegexField(WORD, help_text="what went wrong, as a code: no text, no data")


class FailureSerializer(CodeSerializer):
    retries = serializers.IntegerField(
        min_value=0, max_value=1000, default=None, allow_null=True,
        help_text="how often it may be tried again; left out: four attempts in all",
    )  # fmt: skip
    retry_after_s = serializers.IntegerField(
        min_value=0, max_value=604_800, default=None, allow_null=True, help_text="left out: 2, 4, 8 s ..."
    )


class LockedUntilSerializer(serializers.Serializer[Any]):
    locked_until = serializers.DateTimeField()


class OldestFirst(KeysetPagination):
    ordering = ("queued_at", "uid")


@extend_schema_view(
    list=extend_schema(
        parameters=[query("topic", "topic"), query("status", "pending, completed, failed or cancelled")]
    )
)
class ExternalTaskViewSet(Resource[ServiceTaskRun]):
    """Steps for workers elsewhere, at the sites where the caller performs steps."""

    authentication_classes = FOR_PROGRAMS
    queryset = ServiceTaskRun.objects.none()
    serializer_class = ExternalTaskSerializer
    pagination_class = OldestFirst
    lookup_field = "uid"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[ServiceTaskRun]:
        wanted = {name: text_in(self.request, name) for name in ("topic", "status")}
        return (
            services.performable_steps(self.person)
            .filter(**{name: value for name, value in wanted.items() if value})
            .select_related("instance__site", "instance__definition")
            .defer("instance__state", "instance__definition__files")
            .prefetch_related("instance__subjects")
        )

    @extend_schema(
        request=FetchSerializer,
        responses={200: ExternalTaskSerializer(many=True), 400: RefusalSerializer, 403: RefusalSerializer},
    )
    @action(
        detail=False, methods=["post"], url_path="fetch-and-lock", filter_backends=[], pagination_class=None
    )
    def fetch_and_lock(self, request: Request) -> Response:
        """Lock steps of these topics for a worker; an empty list if none comes within `wait_s`."""
        wish = _read(FetchSerializer, request)
        ends_at = time.monotonic() + wish["wait_s"]
        found = self._fetch(wish)
        if not found and wish["wait_s"] and _waiting.acquire(blocking=False):
            try:
                while not found and time.monotonic() < ends_at:
                    time.sleep(POLL_EVERY_S)
                    found = self._fetch(wish)
            finally:
                _waiting.release()
        return Response(ExternalTaskSerializer(found, many=True).data)

    @extend_schema(request=AnswerSerializer, responses={204: None, **REFUSALS})
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, uid: str) -> Response:
        """Give the step's answer, and let the process go on. The same answer twice has no effect."""
        told = _read(AnswerSerializer, request)
        services.complete(self.person, uuid.UUID(uid), worker=told["worker"], result=told["result"])
        return Response(status=204)

    @extend_schema(request=FailureSerializer, responses={204: None, **REFUSALS})
    @action(detail=True, methods=["post"])
    def fail(self, request: Request, uid: str) -> Response:
        """Tell that the step could not be done: it is tried again, or its code is thrown at the task."""
        told = _read(FailureSerializer, request)
        after = told["retry_after_s"]
        services.fail(
            self.person, uuid.UUID(uid), worker=told["worker"], code=told["code"], retries=told["retries"],
            retry_after=None if after is None else dt.timedelta(seconds=after),
        )  # fmt: skip
        return Response(status=204)

    @extend_schema(request=CodeSerializer, responses={204: None, **REFUSALS})
    @action(detail=True, methods=["post"], url_path="bpmn-error")
    def bpmn_error(self, request: Request, uid: str) -> Response:
        """Throw a BPMN error at the task: its boundary event decides what follows."""
        told = _read(CodeSerializer, request)
        services.throw_error(self.person, uuid.UUID(uid), worker=told["worker"], code=told["code"])
        return Response(status=204)

    @extend_schema(request=LockSerializer, responses={200: LockedUntilSerializer, **REFUSALS})
    @action(detail=True, methods=["post"], url_path="extend-lock")
    def extend_lock(self, request: Request, uid: str) -> Response:
        """Keep the step for longer, counted from now."""
        told = _read(LockSerializer, request)
        until = services.extend_lock(
            self.person, uuid.UUID(uid), worker=told["worker"], lasts=dt.timedelta(seconds=told["lock_s"])
        )
        return Response(LockedUntilSerializer({"locked_until": until}).data)

    @extend_schema(request=WorkerSerializer, responses={204: None, **REFUSALS})
    @action(detail=True, methods=["post"])
    def unlock(self, request: Request, uid: str) -> Response:
        """Give the step back unfinished."""
        services.unlock(self.person, uuid.UUID(uid), worker=_read(WorkerSerializer, request)["worker"])
        return Response(status=204)

    def _fetch(self, wish: dict[str, Any]) -> list[ServiceTaskRun]:
        return services.fetch_and_lock(
            self.person, worker=wish["worker"], topics=wish["topics"], most=wish["most"],
            lasts=dt.timedelta(seconds=wish["lock_s"]),
        )  # fmt: skip


def _read(kind: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    command = kind(data=request.data)
    command.is_valid(raise_exception=True)
    told: dict[str, Any] = command.validated_data
    return told

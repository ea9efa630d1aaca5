"""Suspending a case and letting it go on, wherever a program meets the case."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.errors import RefusalSerializer
from portal.api.resource import Resource
from workflows.models import ProcessInstance
from workflows.services import resume_process, suspend_process

REFUSALS = {400: RefusalSerializer, 403: RefusalSerializer, 404: RefusalSerializer, 409: RefusalSerializer}


class SuspensionSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1000, help_text="why, for those who work on the case")


class SuspendableCases(Resource[ProcessInstance]):
    """Cases that a program may suspend and resume, if the person whose token it bears looks after them."""

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

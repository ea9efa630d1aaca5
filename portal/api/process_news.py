"""Messages and signals sent to processes."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api.authentication import FOR_PROGRAMS, person_of
from portal.api.case_actions import check_subjects
from portal.api.errors import RefusalSerializer
from portal.api.sites import operated_site
from workflows.news.outside import tell_message, tell_signal

REFUSALS = {400: RefusalSerializer, 403: RefusalSerializer}


class SignalSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80)
    site = serializers.CharField(max_length=32, help_text="code of the site it comes from")
    payload = serializers.DictField(default=dict, help_text="identifiers and codes, no content")
    subjects = serializers.DictField(
        child=serializers.CharField(max_length=80), default=dict, help_text="kind to UID: order, study, case"
    )


class MessageToProcessesSerializer(SignalSerializer):
    key = serializers.CharField(
        max_length=200, default="", allow_blank=True, help_text="goes to whoever waits for this key"
    )


class ToldSerializer(serializers.Serializer[Any]):
    uid = serializers.UUIDField(help_text="under which the news is found in histories")


class ProcessMessagesView(APIView):
    """Messages for processes (BPMN 2.0.2 §10.5.1)."""

    authentication_classes = FOR_PROGRAMS

    @extend_schema(request=MessageToProcessesSerializer, responses={202: ToldSerializer, **REFUSALS})
    def post(self, request: Request) -> Response:
        """Send a message: with a key to whoever waits for it, without one to the cases of its subjects."""
        told = _read(MessageToProcessesSerializer, request)
        key = told.pop("key")
        return _answer(tell_message(person_of(request), told.pop("name"), key=key, **told))


class ProcessSignalsView(APIView):
    """Signals for processes (BPMN 2.0.2 §10.5.1)."""

    authentication_classes = FOR_PROGRAMS

    @extend_schema(request=SignalSerializer, responses={202: ToldSerializer, **REFUSALS})
    def post(self, request: Request) -> Response:
        """Throw a signal: everybody who listens catches it."""
        told = _read(SignalSerializer, request)
        return _answer(tell_signal(person_of(request), told.pop("name"), **told))


def _read(kind: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    wish = kind(data=request.data)
    wish.is_valid(raise_exception=True)
    told: dict[str, Any] = dict(wish.validated_data)
    check_subjects(person_of(request), told["subjects"])
    told["site"] = operated_site(told["site"], person_of(request))
    return told


def _answer(uid: uuid.UUID) -> Response:
    return Response({"uid": str(uid)}, status=202)

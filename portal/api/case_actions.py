"""What a program does with cases beside reading them: start, stop, ask for history and data."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Person
from archive.orders.selectors import visible_orders
from archive.studies.selectors import visible_studies
from common.errors import InvalidInput
from portal.api.errors import RefusalSerializer
from portal.api.sites import operated_site
from portal.api.suspending import REFUSALS, SuspendableCases
from workflows.case_data import cases_with_visible_data, data_of
from workflows.models import ProcessEvent, ProcessInstance
from workflows.selectors import history
from workflows.services import cancel_process, start_process

MAX_DATA_BYTES = 100_000


class StartSerializer(serializers.Serializer[Any]):
    process = serializers.CharField(max_length=80, help_text="id of the process")
    site = serializers.CharField(max_length=32, help_text="code of the site whose case it is")
    start_key = serializers.CharField(
        max_length=60,
        required=False,
        help_text="a second start under the same key answers with the first case",
    )
    data = serializers.DictField(default=dict, help_text="identifiers and codes, no content")  # type: ignore[assignment]
    subjects = serializers.DictField(
        child=serializers.CharField(max_length=80),
        default=dict,
        help_text="kind to UID: order, study, patient",
    )
    priority = serializers.ChoiceField(["ROUTINE", "URGENT", "STAT"], default="ROUTINE")


class CancellationSerializer(serializers.Serializer[Any]):
    reason = serializers.RegexField(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$", help_text="a code")


class SignatureSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    meaning = serializers.DictField(child=serializers.CharField())


class HappenedSerializer(serializers.ModelSerializer[ProcessEvent]):
    """One line of a case's history. What people wrote freely is not told."""

    signature = serializers.SerializerMethodField(
        help_text="of an answer that was signed: when, and what that means in the languages of its form"
    )

    class Meta:
        model = ProcessEvent
        fields = ("at", "kind", "element_id", "name", "actor", "signature")

    @extend_schema_field(SignatureSerializer(allow_null=True))
    def get_signature(self, line: ProcessEvent) -> dict[str, Any] | None:
        kept = line.detail.get("signature")
        return {"at": kept["at"], "meaning": kept["meaning"]} if kept else None


class CaseDataSerializer(serializers.Serializer[Any]):
    variables = serializers.DictField()


class CaseActions(SuspendableCases):
    """Actions on cases; `CaseViewSet` says which cases there are."""

    def start(self, request: Request) -> tuple[ProcessInstance, bool]:
        """A case as the request asks for, and whether it is new."""
        wish = StartSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        told = wish.validated_data
        site = operated_site(told["site"], self.person)
        if len(json.dumps(told["data"])) > MAX_DATA_BYTES:
            raise _refused("data", _("A case starts with 100 kB of data at most."))
        check_subjects(self.person, told["subjects"])
        key = f"rest:{self.person.pk}:{told.get('start_key') or uuid.uuid4()}"
        is_new = not ProcessInstance.objects.filter(start_key=key).exists()
        started = start_process(
            told["process"], data=told["data"], site=site, subjects=told["subjects"], start_key=key,
            actor=self.person, priority=told["priority"],
        )  # fmt: skip
        return started, is_new

    @extend_schema(request=CancellationSerializer, responses={204: None, **REFUSALS})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, uid: str) -> Response:
        """Stop the case: open tasks are withdrawn, timers and steps cancelled."""
        told = CancellationSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        cancel_process(self.get_object(), actor=self.person, reason=told.validated_data["reason"])
        return Response(status=204)

    @extend_schema(responses={200: HappenedSerializer(many=True), 404: RefusalSerializer})
    @action(detail=True, filter_backends=[])
    def history(self, request: Request, uid: str) -> Response:
        """What happened, newest first, in pages by key."""
        lines: Any = history(self.get_object())  # of the case, where a list is one of cases
        rows: Any = self.paginate_queryset(lines)
        return self.get_paginated_response(HappenedSerializer(rows, many=True).data)

    @extend_schema(responses={200: CaseDataSerializer, 404: RefusalSerializer})
    @action(detail=True, filter_backends=[], pagination_class=None)
    def variables(self, request: Request, uid: str) -> Response:
        """What the process knows, for those who look after the site's cases."""
        case = get_object_or_404(cases_with_visible_data(self.person), pk=self.get_object().pk)
        return Response({"variables": data_of(case)})


def check_subjects(person: Person, subjects: dict[str, str]) -> None:
    """Nobody starts a case about what they may not see: a case opens its study to those it asks.

    Raises  InvalidInput; one answer for what is not there and what is not theirs.
    """
    for kind in subjects:
        if not 0 < len(kind) <= 20:
            raise _refused("subjects", _("The kind of a subject has 1 to 20 characters."))
    study, order = subjects.get("study"), subjects.get("order")
    if study and not (
        visible_studies(person).filter(study_instance_uid=study).exists()
        or visible_orders(person).filter(study_instance_uid=study).exists()
    ):
        raise _refused("subjects", _("There is no such study that you may see."))
    if order and not visible_orders(person).filter(uid=_uuid(order)).exists():
        raise _refused("subjects", _("There is no such order that you may see."))


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise _refused("subjects", _("An order is named by its UUID.")) from None


def _refused(field: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields={field: sentence})

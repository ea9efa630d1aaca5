"""Asking whom a pseudonym stands for, as the page does."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.deidentification.keys import DEFAULT
from archive.deidentification.reidentification import Identity, Purpose, reidentify_pseudonym
from portal.api.authentication import person_of
from portal.api.errors import RefusalSerializer
from portal.api.patients import PatientSerializer


class QuestionSerializer(serializers.Serializer[Any]):
    """A pseudonym, the key it was made with, what the identity is needed for, and the number of the approval."""

    pseudonym = serializers.CharField(max_length=80, help_text="Patient ID or Study Instance UID as it left")
    key = serializers.CharField(max_length=32, default=DEFAULT)
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    reference = serializers.CharField(max_length=40)


class IdentitySerializer(serializers.Serializer[Identity]):
    patient = PatientSerializer()
    study_instance_uid = serializers.CharField(source="study.study_instance_uid", default="")


class ReidentificationView(APIView):
    """Whom a pseudonym stands for. Every question leaves a line in the audit trail."""

    @extend_schema(
        request=QuestionSerializer,
        responses={
            200: IdentitySerializer, 400: RefusalSerializer, 403: RefusalSerializer, 404: RefusalSerializer,
        },
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        question = QuestionSerializer(data=request.data)
        question.is_valid(raise_exception=True)
        asked = question.validated_data
        found = reidentify_pseudonym(
            asked["pseudonym"], key_name=asked["key"], purpose=asked["purpose"], reference=asked["reference"],
            actor=person_of(request),
        )  # fmt: skip
        return Response(IdentitySerializer(found).data, headers={"Cache-Control": "no-store"})

"""What nodes are told, agreements to keep instances, and performed steps: the wire's side of a study."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.privileges import Privilege, sites_where
from archive.orders.models import PerformedProcedureStep
from archive.orders.selectors import visible_performed_steps
from archive.studies.models import Instance
from archive.studies.selectors import visible_studies
from common.errors import InvalidInput
from integrations.dicom.commitment.services import ask_commitment
from integrations.dicom.models import AERole, ApplicationEntity, Commitment, Notice
from integrations.dicom.notices.delivery import resend_notice
from integrations.dicom.notices.selectors import visible_commitments, visible_notices
from portal.api.parameters import query, text_in
from portal.api.resource import UID_VALUE_PATTERN, UUID_PATTERN, Resource

NOTICE_STATES = {
    "waiting": Q(delivered_at=None, failed_at=None),
    "delivered": Q(delivered_at__isnull=False),
    "given_up": Q(failed_at__isnull=False),
}


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    node = serializers.CharField(source="node.ae_title")

    class Meta:
        model = Notice
        fields = (
            "id", "node", "kind", "study_instance_uid", "queued_at", "attempts", "next_attempt_at", "delivered_at",
            "failed_at", "error_code", "trace_id",
        )  # fmt: skip


class CommitmentSerializer(serializers.ModelSerializer[Commitment]):
    """`failures` are triples of SOP Class, SOP Instance and the reason's number (PS3.3 §C.14.1.1)."""

    node = serializers.CharField(source="node.ae_title")
    instances = serializers.SerializerMethodField()

    class Meta:
        model = Commitment
        fields = (
            "uid", "node", "direction", "transaction_uid", "study_instance_uid", "instances", "failures",
            "state", "asked_at", "answered_at", "trace_id",
        )  # fmt: skip

    def get_instances(self, commitment: Commitment) -> int:
        return len(commitment.references)


class AskCommitmentSerializer(serializers.Serializer[object]):
    """Ask a node to answer for a study it was sent."""

    node = serializers.CharField(max_length=16)
    study = serializers.CharField(max_length=64)


class PerformedStepSerializer(serializers.ModelSerializer[PerformedProcedureStep]):
    site = serializers.CharField(source="site.code")
    order = serializers.UUIDField(source="order.uid", default=None)

    class Meta:
        model = PerformedProcedureStep
        fields = (
            "sop_instance_uid", "site", "order", "study_instance_uid", "performed_procedure_step_id",
            "station_ae_title", "said_by", "modality", "status", "match_reason", "started_at", "ended_at",
            "discontinuation_code", "series", "created_at", "changed_at", "trace_id",
        )  # fmt: skip


@extend_schema_view(
    list=extend_schema(
        parameters=[
            query("state", "waiting, delivered or given_up"),
            query("node", "AE title"),
            query("study", "Study Instance UID"),
        ]
    )
)
class NoticeViewSet(Resource[Notice]):
    """What nodes are told; dead letters are those given up, and can be sent once more."""

    queryset = Notice.objects.none()
    serializer_class = NoticeSerializer

    def get_queryset(self) -> QuerySet[Notice]:
        wanted = NOTICE_STATES.get(text_in(self.request, "state") or "", Q())
        for field, name in (("node__ae_title", "node"), ("study_instance_uid", "study")):
            if value := text_in(self.request, name):
                wanted &= Q(**{field: value})
        return visible_notices(self.person).filter(wanted).select_related("node__site").defer("body")

    @extend_schema(request=None, responses=NoticeSerializer)
    @action(detail=True, methods=["post"])
    def resend(self, _request: Request, pk: str) -> Response:
        """Send a notice that was given up once more."""
        notice = self.get_object()
        resend_notice(notice, actor=self.person)
        notice.refresh_from_db()
        return Response(NoticeSerializer(notice).data)


@extend_schema_view(list=extend_schema(parameters=[query("study", "Study Instance UID")]))
class CommitmentViewSet(Resource[Commitment]):
    """Storage commitment both ways: what we answered for, and what nodes answered us."""

    queryset = Commitment.objects.none()
    serializer_class = CommitmentSerializer
    lookup_field = "uid"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[Commitment]:
        found = visible_commitments(self.person).select_related("node")
        study = text_in(self.request, "study")
        return found.filter(study_instance_uid=study) if study else found

    @extend_schema(request=AskCommitmentSerializer, responses=CommitmentSerializer)
    def create(self, request: Request) -> Response:
        """Ask a node to commit to a study; the answer is recorded when it comes."""
        asked = AskCommitmentSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        sites = sites_where(self.person, Privilege.MANAGE_NODES) | sites_where(
            self.person, Privilege.CORRECT_STUDIES
        )
        node = get_object_or_404(
            ApplicationEntity.objects.filter(site__in=sites.values("pk")),
            ae_title=asked.validated_data["node"],
        )
        if not node.may(AERole.COMMITMENT_SCP):
            raise InvalidInput(
                "The node does not commit to storage.", code="NODE_ROLE", fields={"node": "role"}
            )
        study = get_object_or_404(
            visible_studies(self.person), study_instance_uid=asked.validated_data["study"]
        )
        uids = Instance.objects.filter(series__study=study).values_list("sop_instance_uid", flat=True)
        commitment = ask_commitment(
            node, list(uids), study_instance_uid=study.study_instance_uid, actor=self.person
        )
        return Response(CommitmentSerializer(commitment).data, status=201)


@extend_schema_view(
    list=extend_schema(parameters=[query("study", "Study Instance UID"), query("status", "as in MPPS")])
)
class PerformedStepViewSet(Resource[PerformedProcedureStep]):
    """What modalities say they did, scheduled or not."""

    queryset = PerformedProcedureStep.objects.none()
    serializer_class = PerformedStepSerializer
    lookup_field = "sop_instance_uid"
    lookup_value_regex = UID_VALUE_PATTERN

    def get_queryset(self) -> QuerySet[PerformedProcedureStep]:
        wanted = {
            "study_instance_uid": text_in(self.request, "study"),
            "status": text_in(self.request, "status"),
        }
        found = visible_performed_steps(self.person).select_related("site", "order")
        return found.filter(**{name: value for name, value in wanted.items() if value})

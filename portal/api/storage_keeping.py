"""Quotas of sites, legal holds, and studies that people deleted."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from archive.lifecycle.access import (
    check_may_manage,
    managed_sites,
    visible_holds,
    visible_quotas,
    visible_tier_choices,
)
from archive.lifecycle.deletion import delete_study, undo_deletion
from archive.lifecycle.holds import place_hold, release_hold
from archive.lifecycle.models import LegalHold, SiteQuota, TierChoice
from archive.lifecycle.quotas import lift_quota, set_quota
from archive.lifecycle.selectors import can_be_undone, deletions
from archive.lifecycle.services import choose_tier, leave_tier_to_rules
from archive.studies.models import Correction
from portal.api.errors import RefusalSerializer
from portal.api.resource import UID_VALUE_PATTERN, UUID_PATTERN, Resource


class QuotaSerializer(serializers.ModelSerializer[SiteQuota]):
    site = serializers.CharField(source="site.code", read_only=True)

    class Meta:
        model = SiteQuota
        fields = ("site", "limit_bytes", "used_bytes", "counted_at", "warned_percent")
        read_only_fields = ("used_bytes", "counted_at", "warned_percent")


class ReasonSerializer(serializers.Serializer[Any]):
    study_instance_uid = serializers.CharField(max_length=64)
    reason = serializers.CharField(max_length=200)


class HoldSerializer(serializers.ModelSerializer[LegalHold]):
    site = serializers.CharField(source="site.code")
    placed_by = serializers.CharField(source="placed_by.username")
    released_by = serializers.CharField(source="released_by.username", default=None)

    class Meta:
        model = LegalHold
        fields = (
            "id", "study_instance_uid", "site", "reason", "placed_at", "placed_by", "released_at", "released_by",
        )  # fmt: skip


class DeletionSerializer(serializers.ModelSerializer[Correction]):
    site = serializers.CharField(source="study.site.code")
    reason = serializers.CharField(source="comment")
    can_be_undone = serializers.SerializerMethodField()

    class Meta:
        model = Correction
        fields = (
            "uid", "study_instance_uid", "site", "reason", "instance_count", "made_at", "made_by", "undone_at",
            "undone_by", "can_be_undone",
        )  # fmt: skip

    def get_can_be_undone(self, correction: Correction) -> bool:
        return can_be_undone(correction)


class TierChoiceSerializer(serializers.ModelSerializer[TierChoice]):
    chosen_by = serializers.CharField(source="chosen_by.username", read_only=True)

    class Meta:
        model = TierChoice
        fields = ("study_instance_uid", "tier", "copies", "chosen_at", "chosen_by")
        read_only_fields = ("chosen_at",)
        extra_kwargs: dict[str, Any] = {"study_instance_uid": {"validators": []}}


class TierChoiceViewSet(Resource[TierChoice]):
    """Studies whose tier a person chose, which goes before every rule."""

    queryset = TierChoice.objects.none()
    serializer_class = TierChoiceSerializer
    lookup_field = "study_instance_uid"
    lookup_value_regex = UID_VALUE_PATTERN

    def get_queryset(self) -> QuerySet[TierChoice]:
        check_may_manage(self.person)
        return visible_tier_choices(self.person).select_related("chosen_by")

    @extend_schema(responses={201: TierChoiceSerializer, 404: RefusalSerializer})
    def create(self, request: Request) -> Response:
        """Have a study on this tier, in so many copies, whatever the rules say."""
        command = TierChoiceSerializer(data=request.data)
        command.is_valid(raise_exception=True)
        given = command.validated_data
        choice = choose_tier(
            given["study_instance_uid"], tier=given["tier"], copies=given.get("copies", 1), actor=self.person
        )
        return Response(TierChoiceSerializer(choice).data, status=201)

    def destroy(self, request: Request, study_instance_uid: str) -> Response:
        """Leave the study to the rules again."""
        leave_tier_to_rules(study_instance_uid, actor=self.person)
        return Response(status=204)


class QuotaViewSet(Resource[SiteQuota]):
    """Quotas of the sites whose storage the caller looks after, by site code."""

    queryset = SiteQuota.objects.none()
    serializer_class = QuotaSerializer
    lookup_field = "site__code"
    lookup_url_kwarg = "code"
    lookup_value_regex = "[-a-zA-Z0-9_]{1,32}"

    def get_queryset(self) -> QuerySet[SiteQuota]:
        check_may_manage(self.person)
        return visible_quotas(self.person).select_related("site")

    @extend_schema(responses={200: QuotaSerializer, 400: RefusalSerializer})
    def update(self, request: Request, code: str) -> Response:
        """Give a site a quota, or change it."""
        site = get_object_or_404(managed_sites(self.person), code=code)
        command = QuotaSerializer(data=request.data)
        command.is_valid(raise_exception=True)
        quota = set_quota(site, limit_bytes=command.validated_data["limit_bytes"], actor=self.person)
        return Response(QuotaSerializer(quota).data)

    def destroy(self, request: Request, code: str) -> Response:
        """Let a site store without a limit."""
        lift_quota(get_object_or_404(managed_sites(self.person), code=code), actor=self.person)
        return Response(status=204)


class LegalHoldViewSet(Resource[LegalHold]):
    """Studies that nothing may delete, at the sites whose storage the caller looks after."""

    queryset = LegalHold.objects.none()
    serializer_class = HoldSerializer
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[LegalHold]:
        check_may_manage(self.person)
        return visible_holds(self.person).select_related("site", "placed_by", "released_by")

    @extend_schema(request=ReasonSerializer, responses={201: HoldSerializer, 409: RefusalSerializer})
    def create(self, request: Request) -> Response:
        """Hold a study."""
        check_may_manage(self.person)
        uid, reason = _study_and_reason(request)
        return Response(HoldSerializer(place_hold(uid, reason=reason, actor=self.person)).data, status=201)

    @extend_schema(request=None, responses={200: HoldSerializer, 409: RefusalSerializer})
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        """Release a hold."""
        return Response(HoldSerializer(release_hold(int(pk), actor=self.person)).data)


class DeletionViewSet(Resource[Correction]):
    """Studies that people deleted, newest first; within the undo period they can be brought back."""

    queryset = Correction.objects.none()
    serializer_class = DeletionSerializer
    lookup_field = "uid"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[Correction]:
        check_may_manage(self.person)
        return deletions(self.person)

    @extend_schema(request=ReasonSerializer, responses={201: DeletionSerializer, 409: RefusalSerializer})
    def create(self, request: Request) -> Response:
        """Take a study out of everybody's sight; its bytes go when the undo period is over."""
        check_may_manage(self.person)
        uid, reason = _study_and_reason(request)
        return Response(
            DeletionSerializer(delete_study(uid, reason=reason, actor=self.person)).data, status=201
        )

    @extend_schema(request=None, responses={200: DeletionSerializer, 409: RefusalSerializer})
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, uid: str) -> Response:
        """Bring the study back."""
        return Response(DeletionSerializer(undo_deletion(uuid.UUID(uid), actor=self.person)).data)


def _study_and_reason(request: Request) -> tuple[str, str]:
    command = ReasonSerializer(data=request.data)
    command.is_valid(raise_exception=True)
    return command.validated_data["study_instance_uid"], command.validated_data["reason"]

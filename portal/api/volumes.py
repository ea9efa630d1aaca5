"""Volumes: places for bytes, what they hold, and taking them in and out of use."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from archive.lifecycle import services
from archive.lifecycle.access import check_may_manage
from archive.lifecycle.cataloguing import catalogue_state
from archive.lifecycle.selectors import clusters, scrub_state
from archive.lifecycle.usage import usage_of_volumes
from archive.storage.models import Tier, Volume
from portal.api.errors import RefusalSerializer
from portal.api.resource import Resource


class VolumeSerializer(serializers.ModelSerializer[Volume]):
    site = serializers.CharField(source="site.code", default=None)

    class Meta:
        model = Volume
        fields = ("name", "url", "tier", "site", "state", "capacity_bytes", "created_at")


class NewVolumeSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=32)
    url = serializers.CharField(
        max_length=400, help_text="file:///folder or s3://bucket?endpoint=…; no secrets"
    )
    tier = serializers.ChoiceField(choices=Tier.choices)
    capacity_bytes = serializers.IntegerField(required=False, allow_null=True, min_value=1)


class VolumeStateSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=Volume.State.choices)


class VolumeUsageSerializer(serializers.Serializer[Any]):
    """What a volume holds; `counted_at` is null, and every number 0, until it is counted for the first time."""

    volume = serializers.CharField(source="volume.name")
    counted_at = serializers.DateTimeField(allow_null=True)
    segments = serializers.IntegerField()
    objects_held = serializers.IntegerField()
    bytes_held = serializers.IntegerField()
    percent = serializers.IntegerField(allow_null=True)
    gained_bytes = serializers.IntegerField()
    gained_days = serializers.IntegerField()


class ScrubStateSerializer(serializers.Serializer[Any]):
    copies = serializers.IntegerField()
    due = serializers.IntegerField()
    read_lately = serializers.IntegerField()
    bytes_read_lately = serializers.IntegerField()
    oldest_at = serializers.DateTimeField(allow_null=True)
    open_findings = serializers.IntegerField()
    lost = serializers.IntegerField()
    repaired = serializers.IntegerField()
    percent_fresh = serializers.IntegerField()


class CatalogueStateSerializer(serializers.Serializer[Any]):
    """Series whose optional query keys are still to be read from a stored header; `series` is 0 when none waits."""

    version = serializers.IntegerField()
    series = serializers.IntegerField()
    waiting = serializers.IntegerField()
    percent = serializers.IntegerField()


class NodeSerializer(serializers.Serializer[Any]):
    address = serializers.CharField()
    volumes = serializers.IntegerField()
    most_volumes = serializers.IntegerField()
    objects = serializers.IntegerField()
    size_bytes = serializers.IntegerField()

    class Meta:
        ref_name = "VolumeServer"


class ClusterSerializer(serializers.Serializer[Any]):
    """The SeaweedFS cluster behind a volume; `trouble` is a code where its master says nothing."""

    volume = serializers.CharField()
    trouble = serializers.CharField()
    version = serializers.CharField(source="topology.version", default="")
    volumes = serializers.IntegerField(source="topology.volumes", default=0)
    short_of_copies = serializers.IntegerField(source="topology.short_of_copies", default=0)
    nodes = NodeSerializer(source="topology.nodes", many=True, default=())


class VolumeViewSet(Resource[Volume]):
    """Every volume, for those who look after storage."""

    queryset = Volume.objects.none()
    serializer_class = VolumeSerializer
    lookup_field = "name"
    lookup_value_regex = "[-a-zA-Z0-9_]{1,32}"
    pagination_class = None

    def get_queryset(self) -> QuerySet[Volume]:
        check_may_manage(self.person)
        return Volume.objects.select_related("site").order_by("name")

    @extend_schema(request=NewVolumeSerializer, responses={201: VolumeSerializer, 400: RefusalSerializer})
    def create(self, request: Request) -> Response:
        """Make a volume known, after asking whether it answers."""
        command = NewVolumeSerializer(data=request.data)
        command.is_valid(raise_exception=True)
        volume = services.add_volume(actor=self.person, **command.validated_data)
        return Response(VolumeSerializer(volume).data, status=201)

    @extend_schema(request=VolumeStateSerializer, responses={200: VolumeSerializer, 409: RefusalSerializer})
    @action(detail=True, methods=["post"])
    def state(self, request: Request, name: str) -> Response:
        """Take the volume in or out of use; everything on a draining one is copied elsewhere."""
        command = VolumeStateSerializer(data=request.data)
        command.is_valid(raise_exception=True)
        volume = services.set_volume_state(name, command.validated_data["state"], actor=self.person)
        return Response(VolumeSerializer(volume).data)

    @extend_schema(request=None, responses={202: None})
    @action(detail=True, methods=["post"])
    def scrub(self, request: Request, name: str) -> Response:
        """Have every copy on the volume read again."""
        services.scrub_now(name, actor=self.person)
        return Response(status=202)

    @extend_schema(responses=VolumeUsageSerializer(many=True))
    @action(detail=False)
    def usage(self, request: Request) -> Response:
        """What every volume holds as counted last, and what it gained in thirty days."""
        check_may_manage(self.person)
        return Response(VolumeUsageSerializer(usage_of_volumes(), many=True).data)

    @extend_schema(responses=ScrubStateSerializer)
    @action(detail=False, url_path="scrub-state")
    def scrub_state(self, request: Request) -> Response:
        """How far reading every copy again has got."""
        check_may_manage(self.person)
        return Response(ScrubStateSerializer(scrub_state()).data)

    @extend_schema(responses=CatalogueStateSerializer)
    @action(detail=False, url_path="catalogue-state")
    def catalogue_state(self, request: Request) -> Response:
        """How many series received earlier still wait to be found by optional query keys."""
        check_may_manage(self.person)
        return Response(CatalogueStateSerializer(catalogue_state()).data)

    @extend_schema(responses=ClusterSerializer(many=True))
    @action(detail=False)
    def clusters(self, request: Request) -> Response:
        """The SeaweedFS clusters behind volumes."""
        check_may_manage(self.person)
        return Response(ClusterSerializer(clusters(), many=True).data)

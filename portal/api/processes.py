"""Processes and their versions: uploaded, looked at, deployed, retired, exported as they came."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import InvalidInput, NotPermitted
from portal.api.authentication import FOR_PROGRAMS
from portal.api.errors import RefusalSerializer
from portal.api.parameters import query, text_in
from portal.api.resource import Resource
from portal.downloads import as_download
from workflows.deployment import bundles
from workflows.deployment.bundle_files import MAX_BUNDLE_BYTES, as_archive, diagram_of, read_upload
from workflows.deployment.definitions import may_design, visible_definitions
from workflows.models import ProcessDefinition

REFUSALS = {400: RefusalSerializer, 403: RefusalSerializer, 404: RefusalSerializer, 409: RefusalSerializer}


class ProcessDefinitionSerializer(serializers.ModelSerializer[ProcessDefinition]):
    """One version of a process."""

    problem_count = serializers.SerializerMethodField()

    class Meta:
        model = ProcessDefinition
        fields = (
            "id", "key", "version", "name", "status", "is_active", "digest", "imported_at", "start_messages",
            "catch_messages", "problem_count",
        )  # fmt: skip

    def get_problem_count(self, definition: ProcessDefinition) -> int:
        return len(definition.problems)


class ModelProblemSerializer(serializers.Serializer[Any]):
    """What keeps a version from running: the element or file, why, and the line in the diagram's file."""

    element = serializers.CharField()
    message = serializers.CharField()
    line = serializers.IntegerField(help_text="0 where there is none")


class ProcessDefinitionDetailSerializer(ProcessDefinitionSerializer):
    problems = ModelProblemSerializer(many=True)
    remarks = serializers.SerializerMethodField(help_text="what is drawn and does nothing when it runs")
    files = serializers.SerializerMethodField()

    class Meta(ProcessDefinitionSerializer.Meta):
        fields = (*ProcessDefinitionSerializer.Meta.fields, "problems", "remarks", "files")  # type: ignore[assignment]

    @extend_schema_field(ModelProblemSerializer(many=True))
    def get_remarks(self, definition: ProcessDefinition) -> list[dict[str, Any]]:
        return bundles.current_remarks(definition)

    def get_files(self, definition: ProcessDefinition) -> list[str]:
        return sorted(definition.files)


class UploadSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="a .bpmn file, or a zip archive of a bundle")
    deploy = serializers.BooleanField(default=False, help_text="deploy at once, if nothing speaks against it")


@extend_schema_view(
    list=extend_schema(
        parameters=[
            query("key", "id of the process"),
            query("status", "draft, deployed or retired"),
            query("active", "true: only versions that start new cases"),
        ]
    )
)
class ProcessDefinitionViewSet(Resource[ProcessDefinition]):
    """Versions of processes, newest first, for those who design processes or operate cases."""

    authentication_classes = FOR_PROGRAMS
    queryset = ProcessDefinition.objects.none()
    serializer_class = ProcessDefinitionSerializer
    detail_serializer_class = ProcessDefinitionDetailSerializer
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[ProcessDefinition]:
        wanted = {name: text_in(self.request, name) for name in ("key", "status")}
        found = visible_definitions(self.person).filter(**{k: v for k, v in wanted.items() if v})
        if text_in(self.request, "active") == "true":
            found = found.filter(is_active=True)
        return found.defer("files") if self.action == "list" else found

    @extend_schema(
        request={"multipart/form-data": UploadSerializer},
        responses={201: ProcessDefinitionDetailSerializer, 400: RefusalSerializer, 403: RefusalSerializer},
    )
    def create(self, request: Request) -> Response:
        """Keep a version of a file or bundle, with everything that keeps it from running.

        The same content is the version it was. With `deploy` it is refused if anything speaks against it; it
        is kept as a draft all the same.
        """
        self._check_may_design()
        wish = UploadSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        sent = wish.validated_data["file"]
        if sent.size > MAX_BUNDLE_BYTES:
            sentence = "A process has 8 MB at most."
            raise InvalidInput(sentence, code="BUNDLE_REFUSED", fields={"file": sentence})
        kept = bundles.keep_bundle(read_upload(sent.name, sent.read()), actor=self.person)
        if wish.validated_data["deploy"]:
            kept = bundles.deploy(kept, actor=self.person)
        return Response(ProcessDefinitionDetailSerializer(kept).data, status=201)

    def get_parsers(self) -> list[Any]:
        is_upload = getattr(self, "action_map", {}).get("post") == "create"
        return [MultiPartParser()] if is_upload else super().get_parsers()

    @extend_schema(responses={(200, "application/xml"): OpenApiTypes.BINARY})
    @action(detail=True, filter_backends=[], pagination_class=None)
    def xml(self, request: Request, pk: str) -> HttpResponse:
        """The BPMN file, as it came."""
        definition = self.get_object()
        return as_download(
            diagram_of(definition.files).encode(), f"{definition.key}.bpmn", "application/xml; charset=utf-8"
        )

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    @action(detail=True, filter_backends=[], pagination_class=None)
    def export(self, request: Request, pk: str) -> HttpResponse:
        """Every file of the version, as a zip archive that can be uploaded again."""
        definition = self.get_object()
        name = f"{definition.key}-{definition.version}.zip"
        return as_download(as_archive(definition.files), name, "application/zip")

    @extend_schema(responses={200: ModelProblemSerializer(many=True), 404: RefusalSerializer})
    @action(detail=True, filter_backends=[], pagination_class=None)
    def problems(self, request: Request, pk: str) -> Response:
        """What keeps the version from running today: it is judged anew."""
        return Response(ModelProblemSerializer(bundles.current_problems(self.get_object()), many=True).data)

    @extend_schema(request=None, responses={200: ProcessDefinitionDetailSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def deploy(self, request: Request, pk: str) -> Response:
        """Let new cases run on this version; refused with every problem if one speaks against it."""
        self._check_may_design()
        deployed = bundles.deploy(self.get_object(), actor=self.person)
        return Response(ProcessDefinitionDetailSerializer(deployed).data)

    @extend_schema(request=None, responses={200: ProcessDefinitionDetailSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str) -> Response:
        """Let no new case begin on this version; running ones go on to their end."""
        self._check_may_design()
        retired = bundles.retire(self.get_object(), actor=self.person)
        return Response(ProcessDefinitionDetailSerializer(retired).data)

    def _check_may_design(self) -> None:
        if not may_design(self.person):
            raise NotPermitted("Only workflow designers change processes.")

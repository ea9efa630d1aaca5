"""Remote nodes, and their graded checks."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.dicom.models import ApplicationEntity, NodeCheck
from integrations.dicom.nodes import services
from integrations.dicom.nodes.check import ask_check
from integrations.dicom.nodes.findings import finding
from integrations.dicom.nodes.selectors import visible_checks, visible_nodes
from portal.api.errors import RefusalSerializer
from portal.api.parameters import object_in, query, text_in
from portal.api.resource import UUID_PATTERN, Resource
from portal.api.sites import node_site

_WRITABLE = (
    "ae_title", "description", "is_enabled", "roles", "takes", "host", "port", "use_tls", "allowed_addresses",
    "certificate_fingerprints", "character_set", "quirks", "limits", "maximum_associations", "timeout_s",
)  # fmt: skip


class NodeSerializer(serializers.ModelSerializer[ApplicationEntity]):
    """A node, and how calls to it went."""

    site = serializers.CharField(source="site.code")
    failures = serializers.IntegerField(source="health.failures", default=0)
    left_alone_until = serializers.DateTimeField(source="health.open_until", default=None)
    last_ok_at = serializers.DateTimeField(source="health.last_ok_at", default=None)
    last_failed_at = serializers.DateTimeField(source="health.last_failed_at", default=None)
    last_error_code = serializers.CharField(source="health.last_error_code", default="")

    class Meta:
        model = ApplicationEntity
        fields = (
            "id", "site", *_WRITABLE, "failures", "left_alone_until", "last_ok_at", "last_failed_at",
            "last_error_code",
        )  # fmt: skip


class NodeChangeSerializer(serializers.Serializer[Any]):
    """What may be given of a node; everything but AE title and site has a default. See docs/integrators-dicom.md."""

    ae_title = serializers.CharField(required=False)
    site = serializers.CharField(required=False, help_text="code of the site; only when adding")
    description = serializers.CharField(required=False)
    is_enabled = serializers.BooleanField(required=False)
    roles = serializers.ListField(child=serializers.CharField(), required=False)
    takes = serializers.CharField(required=False)
    host = serializers.CharField(required=False)
    port = serializers.IntegerField(required=False)
    use_tls = serializers.BooleanField(required=False)
    allowed_addresses = serializers.ListField(child=serializers.CharField(), required=False)
    certificate_fingerprints = serializers.ListField(child=serializers.CharField(), required=False)
    character_set = serializers.CharField(required=False)
    quirks = serializers.ListField(child=serializers.CharField(), required=False)
    limits = serializers.ListField(child=serializers.DictField(), required=False)
    maximum_associations = serializers.IntegerField(required=False)
    timeout_s = serializers.IntegerField(required=False)


class CheckRequestSerializer(serializers.Serializer[Any]):
    stores = serializers.BooleanField(default=False, help_text="have a tiny test image stored at the node")


class NodeCheckSerializer(serializers.ModelSerializer[NodeCheck]):
    """A check as far as it has got: each step with its grade, what was seen, and what to do."""

    node = serializers.CharField(source="node.ae_title")
    steps = serializers.SerializerMethodField()

    class Meta:
        model = NodeCheck
        fields = ("uid", "node", "stores", "state", "grade", "asked_at", "started_at", "finished_at", "steps")

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_steps(self, check: NodeCheck) -> list[dict[str, Any]]:
        return [
            {
                **step,
                "seen": finding(step["code"]).sentence(step["values"]),
                "advice": str(finding(step["code"]).advice),
            }
            for step in check.steps
        ]


@extend_schema_view(list=extend_schema(parameters=[query("ae_title", "exactly this AE title")]))
class NodeViewSet(Resource[ApplicationEntity]):
    """Remote nodes of the sites where the caller manages nodes."""

    queryset = ApplicationEntity.objects.none()
    serializer_class = NodeSerializer
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[ApplicationEntity]:
        found = visible_nodes(self.person)
        title = text_in(self.request, "ae_title")
        return found.filter(ae_title=title) if title else found

    @extend_schema(request=NodeChangeSerializer, responses={201: NodeSerializer, 400: RefusalSerializer})
    def create(self, request: Request) -> Response:
        """Add a node to a site."""
        values = object_in(request, refusal_code="NODE_INVALID")
        site = node_site(values.pop("site", ""), self.person)
        made = services.create_node(actor=self.person, site=site, values=values)
        return Response(NodeSerializer(made).data, status=201)

    @extend_schema(request=NodeChangeSerializer, responses={200: NodeSerializer, 400: RefusalSerializer})
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is given of a node."""
        changed = services.update_node(
            self.get_object(), actor=self.person, changes=object_in(request, refusal_code="NODE_INVALID")
        )
        return Response(NodeSerializer(changed).data)

    @extend_schema(request=CheckRequestSerializer, responses={202: NodeCheckSerializer})
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: str) -> Response:
        """Have the node checked; follow the check by its uid."""
        command = CheckRequestSerializer(data=request.data)
        command.is_valid(raise_exception=True)
        asked = ask_check(self.get_object(), actor=self.person, stores=command.validated_data["stores"])
        return Response(NodeCheckSerializer(asked).data, status=202)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"], url_path="try-now")
    def try_now(self, request: Request, pk: str) -> Response:
        """End the rest of a node that is left alone."""
        services.try_node_now(self.get_object(), actor=self.person)
        return Response(status=204)


@extend_schema_view(list=extend_schema(parameters=[query("node", "AE title")]))
class NodeCheckViewSet(Resource[NodeCheck]):
    """Graded checks of those nodes, newest first."""

    queryset = NodeCheck.objects.none()
    serializer_class = NodeCheckSerializer
    lookup_field = "uid"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[NodeCheck]:
        found = visible_checks(self.person).select_related("node")
        title = text_in(self.request, "node")
        return found.filter(node__ae_title=title) if title else found

"""HL7 links, and the script that goes over the messages of each."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.hl7.links import set_mapping_script
from integrations.hl7.models import Link
from integrations.hl7.selectors import visible_links
from portal.api.errors import RefusalSerializer
from portal.api.resource import Resource


class LinkSerializer(serializers.ModelSerializer[Link]):
    """A system we exchange messages with, in one direction."""

    site = serializers.CharField(source="site.code")
    direction = serializers.CharField(help_text="inbound or outbound")

    class Meta:
        model = Link
        fields = (
            "name", "site", "direction", "sending_application", "sending_facility", "receiving_application",
            "receiving_facility", "host", "port", "character_set", "consultation_codes", "mapping_script", "is_active",
        )  # fmt: skip


class LinkChangeSerializer(serializers.Serializer[Any]):
    mapping_script = serializers.CharField(
        max_length=75,
        allow_blank=True,
        help_text="a script of the library, as name or name@number; empty for none",
    )


class LinkViewSet(Resource[Link]):
    """HL7 links of the sites whose messages the caller may see."""

    queryset = Link.objects.none()
    serializer_class = LinkSerializer
    lookup_field = "name"
    lookup_value_regex = r"[-\w]{1,60}"

    def get_queryset(self) -> QuerySet[Link]:
        return visible_links(self.person).order_by("name")

    @extend_schema(request=LinkChangeSerializer, responses={200: LinkSerializer, 400: RefusalSerializer})
    def partial_update(self, request: Request, name: str) -> Response:
        """Name the script that maps the link's messages."""
        command = LinkChangeSerializer(data=request.data)
        command.is_valid(raise_exception=True)
        reference = command.validated_data["mapping_script"]
        changed = set_mapping_script(self.get_object(), reference, actor=self.person)
        return Response(LinkSerializer(changed).data)

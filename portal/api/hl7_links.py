"""HL7 links: who we exchange messages with, and the script that goes over the messages of each."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.hl7.links import create_link, try_link, update_link
from integrations.hl7.models import Link
from integrations.hl7.selectors import visible_links
from portal.api.errors import RefusalSerializer
from portal.api.parameters import object_in
from portal.api.resource import Resource
from portal.api.sites import node_site


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
    """What may be given of a link. Name, site and direction are given when it is added, and stay."""

    name = serializers.CharField(required=False)
    site = serializers.CharField(required=False, help_text="code of the site")
    direction = serializers.CharField(required=False, help_text="inbound or outbound")
    sending_application = serializers.CharField(required=False, help_text="MSH-3")
    sending_facility = serializers.CharField(required=False, help_text="MSH-4; empty for a whole region")
    receiving_application = serializers.CharField(required=False, help_text="MSH-5")
    receiving_facility = serializers.CharField(required=False, help_text="MSH-6")
    host = serializers.CharField(required=False, help_text="of an outbound link, as is `port`")
    port = serializers.IntegerField(required=False)
    character_set = serializers.CharField(required=False, help_text="HL7 Table 0211")
    consultation_codes = serializers.ListField(child=serializers.CharField(), required=False)
    mapping_script = serializers.CharField(
        required=False, help_text="a script of the library, as name or name@number; empty for none"
    )
    is_active = serializers.BooleanField(required=False)


class LinkTrialSerializer(serializers.Serializer[Any]):
    """What came of connecting: `error_code` is empty where the partner took the connection."""

    error_code = serializers.CharField()
    milliseconds = serializers.IntegerField()


class LinkViewSet(Resource[Link]):
    """HL7 links of the sites whose messages the caller may see; changed by who manages the site's nodes."""

    queryset = Link.objects.none()
    serializer_class = LinkSerializer
    lookup_field = "name"
    lookup_value_regex = r"[-\w]{1,60}"

    def get_queryset(self) -> QuerySet[Link]:
        return visible_links(self.person).order_by("name")

    @extend_schema(request=LinkChangeSerializer, responses={201: LinkSerializer, 400: RefusalSerializer})
    def create(self, request: Request) -> Response:
        """Add a link to a site."""
        values = object_in(request, refusal_code="LINK_INVALID")
        site = node_site(values.pop("site", ""), self.person)
        made = create_link(actor=self.person, site=site, values=values)
        return Response(LinkSerializer(made).data, status=201)

    @extend_schema(request=LinkChangeSerializer, responses={200: LinkSerializer, 400: RefusalSerializer})
    def partial_update(self, request: Request, name: str) -> Response:
        """Change what is given of a link; it holds from the next message on."""
        changed = update_link(
            self.get_object(), actor=self.person, changes=object_in(request, refusal_code="LINK_INVALID")
        )
        return Response(LinkSerializer(changed).data)

    @extend_schema(request=None, responses={200: LinkTrialSerializer, 409: RefusalSerializer})
    @action(detail=True, methods=["post"], url_path="try")
    def try_connection(self, request: Request, name: str) -> Response:
        """Connect to the partner of an outbound link, and hang up again."""
        trial = try_link(self.get_object(), actor=self.person)
        return Response(LinkTrialSerializer(trial).data)

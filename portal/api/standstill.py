"""What stands still: incidents of cases, and states of the gateway that are older than is normal."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Role
from accounts.privileges import GRANTED
from common.errors import Conflict, NotPermitted
from portal.api.authentication import FOR_PROGRAMS, person_of
from portal.api.errors import RefusalSerializer
from portal.api.parameters import query, text_in
from portal.api.resource import Resource
from portal.integration.selectors import visible_incidents
from portal.integration.standstill import Gateway, Kind, StandingStill, standing_still
from portal.operators import may_operate
from workflows.models import Incident
from workflows.services import retry_service_task


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    case = serializers.UUIDField(source="instance.uid")
    site = serializers.CharField(source="instance.site.code")

    class Meta:
        model = Incident
        fields = ("id", "case", "site", "element_id", "code", "opened_at", "resolved_at")


class StandingStillSerializer(serializers.Serializer[StandingStill]):
    """One state that is too old; `site` is null for what is the whole region's."""

    kind = serializers.ChoiceField(choices=Kind.choices)
    subject = serializers.CharField(help_text="AE title, destination, segment, SOP or Study Instance UID")
    site = serializers.CharField(source="site.code", default=None, allow_null=True)
    since = serializers.DateTimeField()
    code = serializers.CharField()


class GatewaySerializer(serializers.Serializer[Gateway]):
    results = StandingStillSerializer(source="rows", many=True)
    is_cut = serializers.BooleanField()


@extend_schema_view(list=extend_schema(parameters=[query("show", "all: those that were resolved, too")]))
class IncidentViewSet(Resource[Incident]):
    """Incidents of cases, newest first."""

    authentication_classes = FOR_PROGRAMS
    queryset = Incident.objects.none()
    serializer_class = IncidentSerializer
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[Incident]:
        found = visible_incidents(self.person).select_related("instance__site").defer("instance__state")
        return found if text_in(self.request, "show") == "all" else found.filter(resolved_at=None)

    @extend_schema(
        request=None,
        responses={204: None, 403: RefusalSerializer, 404: RefusalSerializer, 409: RefusalSerializer},
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Have the failed step of an incident tried again. If it fails, a new incident opens."""
        incident = self.get_object()
        if not may_operate(self.person, incident.instance):
            raise NotPermitted("Only those who look after the site's cases have steps tried again.")
        if incident.task_uid is None:
            raise Conflict("This incident is about no step.", code="STEP_NOT_FAILED")
        retry_service_task(incident.task_uid, actor=self.person)
        return Response(status=204)


class StandstillView(APIView):
    """States of the gateway that are older than is normal, the longest first, at most 50 of each kind."""

    @extend_schema(responses=GatewaySerializer)
    def get(self, request: Request) -> Response:
        person = person_of(request)
        roles = person.memberships.values_list("role", flat=True)
        privileges = frozenset().union(*(GRANTED[Role(role)] for role in roles))
        return Response(GatewaySerializer(standing_still(person, privileges)).data)

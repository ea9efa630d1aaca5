"""Routing tables, destinations, decisions and dead letters."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Site
from common.errors import Conflict, InvalidInput
from integrations.dicom.nodes.selectors import visible_nodes
from integrations.routing import services
from integrations.routing.models import (
    Delivery,
    Destination,
    RoutingDecision,
    RoutingTable,
    RoutingTableVersion,
)
from integrations.routing.selectors import (
    dead_letters,
    decisions_to_mend,
    sites_managed,
    visible_decisions,
    visible_destinations,
    visible_tables,
)
from portal.api.errors import RefusalSerializer
from portal.api.parameters import query, text_in, uid_in
from portal.api.resource import UUID_PATTERN, Resource
from portal.api.sites import site_named
from portal.routing.checking import problems_of

KEY_PATTERN = "[a-z0-9-]{1,64}"
MOST_DEAD_LETTERS = 5_000


class VersionSerializer(serializers.ModelSerializer[RoutingTableVersion]):
    class Meta:
        model = RoutingTableVersion
        fields = ("number", "state", "note", "saved_by", "saved_at", "published_by", "published_at")


class RoutingTableSerializer(serializers.ModelSerializer[RoutingTable]):
    """A table; `site` is the code of the site it is for, null for the region's."""

    site = serializers.CharField(source="site.code", default=None, allow_null=True)

    class Meta:
        model = RoutingTable
        fields = ("key", "name", "site", "created_at")


class NewTableSerializer(serializers.Serializer[Any]):
    key = serializers.SlugField(max_length=64)
    name = serializers.CharField(max_length=120)
    site = serializers.CharField(help_text="code of the site")


class TableDraftSerializer(serializers.Serializer[Any]):
    xml = serializers.CharField(trim_whitespace=False, help_text="the DMN file")
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)


class ProblemSerializer(serializers.Serializer[Any]):
    """What is wrong and where: rows count from 1; columns are inputs, then outputs, from 0."""

    where = serializers.CharField()
    message = serializers.CharField()
    row = serializers.IntegerField(allow_null=True)
    column = serializers.IntegerField(allow_null=True)


class SavedDraftSerializer(serializers.Serializer[Any]):
    version = VersionSerializer()
    problems = ProblemSerializer(many=True)


class NoteSerializer(serializers.Serializer[Any]):
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)


class TrialRequestSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=1, max_value=90, default=7)
    xml = serializers.CharField(required=False, default="", help_text="another table than the draft")


class DifferenceSerializer(serializers.Serializer[Any]):
    series_instance_uid = serializers.CharField()
    site_code = serializers.CharField()
    recorded_at = serializers.DateTimeField()
    before = serializers.ListField(child=serializers.DictField())
    after = serializers.ListField(child=serializers.DictField())
    rows_before = serializers.ListField(child=serializers.IntegerField())
    rows_after = serializers.ListField(child=serializers.IntegerField())
    problems = serializers.ListField(child=serializers.DictField())


class TrialSerializer(serializers.Serializer[Any]):
    """How many series were asked about and differ, and the first of those that do."""

    asked = serializers.IntegerField()
    different = serializers.IntegerField()
    failed = serializers.IntegerField()
    is_cut = serializers.BooleanField()
    differences = DifferenceSerializer(many=True)


class RoutingTableViewSet(Resource[RoutingTable]):
    """Routing tables of the sites where the caller manages routing, and the region's."""

    queryset = RoutingTable.objects.none()
    serializer_class = RoutingTableSerializer
    lookup_field = "key"
    lookup_value_regex = KEY_PATTERN

    def get_queryset(self) -> QuerySet[RoutingTable]:
        return visible_tables(self.person).select_related("site")

    @extend_schema(
        request=NewTableSerializer, responses={201: RoutingTableSerializer, 400: RefusalSerializer}
    )
    def create(self, request: Request) -> Response:
        """Give a site a table of its own; until it is published the region's holds."""
        command = NewTableSerializer(data=request.data)
        command.is_valid(raise_exception=True)
        facts = command.validated_data
        made = services.create_table(
            key=facts["key"], name=facts["name"], site=_site(self, facts["site"]), actor=self.person
        )
        return Response(RoutingTableSerializer(made).data, status=201)

    @extend_schema(responses={200: VersionSerializer(many=True)})
    @action(detail=True, filter_backends=[], pagination_class=None)
    def versions(self, request: Request, key: str) -> Response:
        """Every version, the newest first."""
        found = self.get_object().versions.defer("xml").order_by("-number")
        return Response(VersionSerializer(found, many=True).data)

    @extend_schema(responses={200: TableDraftSerializer})
    @action(detail=True, url_path=r"versions/(?P<number>\d{1,9})")
    def version(self, request: Request, key: str, number: str) -> Response:
        """The DMN file of a version."""
        found = get_object_or_404(self.get_object().versions, number=number)
        return Response(TableDraftSerializer({"xml": found.xml, "note": found.note}).data)

    @extend_schema(
        request=TableDraftSerializer, responses={200: SavedDraftSerializer, 400: RefusalSerializer}
    )
    @action(detail=True, methods=["put"])
    def draft(self, request: Request, key: str) -> Response:
        """Keep a draft, right or not, with everything that is wrong in it."""
        command = TableDraftSerializer(data=request.data)
        command.is_valid(raise_exception=True)
        table, facts = self.get_object(), command.validated_data
        saved = services.save_draft(table, facts["xml"], actor=self.person, note=facts["note"])
        told = {"version": saved, "problems": problems_of(saved.xml, site=table.site)}
        return Response(SavedDraftSerializer(told).data)

    @extend_schema(request=TrialRequestSerializer, responses={200: TrialSerializer, 400: RefusalSerializer})
    @action(detail=True, methods=["post"], url_path="what-if")
    def what_if(self, request: Request, key: str) -> Response:
        """Ask the draft about the series of the last days, beside the table in force. Nothing is sent."""
        command = TrialRequestSerializer(data=request.data)
        command.is_valid(raise_exception=True)
        table, facts = self.get_object(), command.validated_data
        xml = facts["xml"] or _draft(table).xml
        trial = services.what_if(xml, site=table.site, days=facts["days"], actor=self.person)
        return Response(TrialSerializer(trial).data)

    @extend_schema(
        request=NoteSerializer,
        responses={200: VersionSerializer, 400: RefusalSerializer, 409: RefusalSerializer},
    )
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, key: str) -> Response:
        """Put the draft in force."""
        command = NoteSerializer(data=request.data)
        command.is_valid(raise_exception=True)
        draft = _draft(self.get_object())
        published = services.publish_table(draft, actor=self.person, note=command.validated_data["note"])
        return Response(VersionSerializer(published).data)

    @extend_schema(request=None, responses={200: VersionSerializer, 409: RefusalSerializer})
    @action(detail=True, methods=["post"], url_path=r"versions/(?P<number>\d{1,9})/revert")
    def revert(self, request: Request, key: str, number: str) -> Response:
        """Put what an earlier version said in force again, as a new version."""
        found = get_object_or_404(self.get_object().versions.select_related("table__site"), number=number)
        return Response(VersionSerializer(services.revert(found, actor=self.person)).data)


class DestinationSerializer(serializers.ModelSerializer[Destination]):
    """Where objects can be sent."""

    site = serializers.CharField(source="site.code", default=None, allow_null=True)
    node = serializers.CharField(source="node.ae_title", default=None, allow_null=True)

    class Meta:
        model = Destination
        fields = (
            "key", "name", "kind", "site", "node", "group", "configuration", "is_enabled", "maximum_senders",
            "failures", "blocked_until", "last_error_code", "last_sent_at",
        )  # fmt: skip


class DestinationChangeSerializer(serializers.Serializer[Any]):
    """`key`, `kind` and `site` are given once; `site` is left out for the region."""

    key = serializers.SlugField(max_length=64, required=False)
    kind = serializers.ChoiceField(Destination.Kind.choices, required=False)
    site = serializers.CharField(required=False)
    name = serializers.CharField(max_length=120, required=False)
    node = serializers.IntegerField(required=False, help_text="id of a node, for kind dimse")
    group = serializers.SlugField(max_length=64, required=False, allow_blank=True)
    configuration = serializers.DictField(required=False)
    is_enabled = serializers.BooleanField(required=False)
    maximum_senders = serializers.IntegerField(required=False)


class DestinationViewSet(Resource[Destination]):
    """Destinations of the sites where the caller manages routing, and the region's."""

    queryset = Destination.objects.none()
    serializer_class = DestinationSerializer
    lookup_field = "key"
    lookup_value_regex = KEY_PATTERN

    def get_queryset(self) -> QuerySet[Destination]:
        return visible_destinations(self.person).select_related("site", "node")

    @extend_schema(
        request=DestinationChangeSerializer, responses={201: DestinationSerializer, 400: RefusalSerializer}
    )
    def create(self, request: Request) -> Response:
        """Add a destination."""
        facts = self._facts(request)
        missing = next((name for name in ("key", "name", "kind") if not facts.get(name)), None)
        if missing:
            raise InvalidInput("This is required.", code="REQUIRED", fields={missing: "This is required."})
        facts.pop("is_enabled", None)
        site = _site(self, facts.pop("site")) if "site" in facts else None
        made = services.create_destination(actor=self.person, site=site, **facts)
        return Response(DestinationSerializer(made).data, status=201)

    @extend_schema(
        request=DestinationChangeSerializer, responses={200: DestinationSerializer, 400: RefusalSerializer}
    )
    def partial_update(self, request: Request, key: str) -> Response:
        """Change what is given of a destination."""
        changed = services.update_destination(self.get_object(), actor=self.person, **self._facts(request))
        return Response(DestinationSerializer(changed).data)

    def _facts(self, request: Request) -> dict[str, Any]:
        command = DestinationChangeSerializer(data=request.data)
        command.is_valid(raise_exception=True)
        facts = dict(command.validated_data)
        if "node" in facts:
            facts["node"] = get_object_or_404(visible_nodes(self.person), pk=facts["node"])
        return facts


class RoutingDecisionSerializer(serializers.ModelSerializer[RoutingDecision]):
    """What a table said of a series: the rows that matched, with the values they asked for, and what was done."""

    table = serializers.CharField(source="version.table.key", default=None, allow_null=True)
    version = serializers.IntegerField(source="version.number", default=None, allow_null=True)
    site = serializers.CharField(source="site.code")

    class Meta:
        model = RoutingDecision
        fields = (
            "uid", "series_instance_uid", "study_instance_uid", "site", "table", "version", "event", "matched",
            "actions", "problems", "decided_at", "trace_id",
        )  # fmt: skip


@extend_schema_view(
    list=extend_schema(
        parameters=[
            query("series", "Series Instance UID"),
            query("study", "Study Instance UID"),
            query(
                "attention", "true: something could not be done, and nothing was decided of the series since"
            ),
        ]
    )
)
class RoutingDecisionViewSet(Resource[RoutingDecision]):
    """Why series went where they went, newest first."""

    queryset = RoutingDecision.objects.none()
    serializer_class = RoutingDecisionSerializer
    lookup_field = "uid"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[RoutingDecision]:
        needs_attention = text_in(self.request, "attention") == "true"
        found = decisions_to_mend(self.person) if needs_attention else visible_decisions(self.person)
        found = found.select_related("version__table", "site")
        found = found.defer("version__xml")
        if series := uid_in(self.request, "series"):
            found = found.filter(series_instance_uid=series)
        if study := uid_in(self.request, "study"):
            found = found.filter(study_instance_uid=study)
        return found


class DeadLetterSerializer(serializers.ModelSerializer[Delivery]):
    """An object that was given up on its way to a destination."""

    destination = serializers.CharField(source="destination.key")
    study_instance_uid = serializers.CharField(source="lane.study_instance_uid")
    decision = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = (
            "id", "destination", "sop_instance_uid", "series_instance_uid", "study_instance_uid", "decision",
            "attempts", "error_code", "queued_at", "ended_at",
        )  # fmt: skip

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_decision(self, letter: Delivery) -> str | None:
        return str(letter.decision.uid) if letter.decision else None


class ResendSerializer(serializers.Serializer[Any]):
    """Letters by id, or all of a destination."""

    ids = serializers.ListField(
        child=serializers.IntegerField(), required=False, default=list, max_length=MOST_DEAD_LETTERS
    )
    destination = serializers.SlugField(required=False, default="")


class ResentSerializer(serializers.Serializer[Any]):
    resent = serializers.IntegerField()


@extend_schema_view(list=extend_schema(parameters=[query("destination", "key of a destination")]))
class DeadLetterViewSet(Resource[Delivery]):
    """Objects that were given up, of the sites where the caller manages routing."""

    queryset = Delivery.objects.none()
    serializer_class = DeadLetterSerializer
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[Delivery]:
        found = dead_letters(self.person).select_related("destination", "lane", "decision")
        key = text_in(self.request, "destination")
        return found.filter(destination__key=key) if key else found

    @extend_schema(request=ResendSerializer, responses={200: ResentSerializer})
    @action(detail=False, methods=["post"])
    def resend(self, request: Request) -> Response:
        """Send objects once more, as if they had just been queued."""
        command = ResendSerializer(data=request.data)
        command.is_valid(raise_exception=True)
        facts = command.validated_data
        named: Any = facts["ids"]
        if facts["destination"]:
            named = dead_letters(self.person).filter(destination__key=facts["destination"])
        return Response({"resent": services.resend(named, actor=self.person)})


def _draft(table: RoutingTable) -> RoutingTableVersion:
    draft = table.versions.filter(state=RoutingTableVersion.State.DRAFT).order_by("-number").first()
    if draft is None:
        raise Conflict("There is no draft.", code="NO_DRAFT")
    return draft


def _site(view: Resource[Any], code: str) -> Site:
    return site_named(
        code,
        among=sites_managed(view.person),
        sentence="The code of a site whose routing you manage is required.",
    )

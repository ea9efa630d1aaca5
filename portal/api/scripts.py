"""The script library: versions, drafts, tests."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.privileges import Privilege, has_privilege
from common.errors import InvalidInput, NotPermitted
from portal.api.errors import RefusalSerializer
from portal.api.parameters import query, text_in
from portal.api.resource import Resource
from workflows.scripting import ScriptError, check_script
from workflows.scripting.library import services
from workflows.scripting.library.models import ScriptVersion
from workflows.scripting.library.selectors import visible_scripts
from workflows.scripting.library.testing import check_tests, run_tests


class ScriptSerializer(serializers.ModelSerializer[ScriptVersion]):
    """A version of a script, without its text."""

    class Meta:
        model = ScriptVersion
        fields: tuple[str, ...] = (
            "name", "number", "state", "digest", "note", "saved_by", "saved_at", "published_by", "published_at",
        )  # fmt: skip


class ScriptDetailSerializer(ScriptSerializer):
    """A version with its source and tests."""

    tests = serializers.ListField(child=serializers.DictField())

    class Meta(ScriptSerializer.Meta):
        fields = (*ScriptSerializer.Meta.fields, "source", "tests")


class ScriptDraftSerializer(serializers.Serializer[Any]):
    """`tests`: objects of name, data, and gives (a result) or ends (a code); now and seed where they matter."""

    name = serializers.CharField(max_length=60)
    source = serializers.CharField(trim_whitespace=False, allow_blank=True)  # type: ignore[assignment]
    tests = serializers.ListField(child=serializers.DictField(), required=False, default=list)
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)


class TestResultSerializer(serializers.Serializer[Any]):
    """How a test went: what was expected, and what was given or the sentence it ended with."""

    name = serializers.CharField()
    has_passed = serializers.BooleanField()
    expected = serializers.JSONField()
    given = serializers.JSONField()
    refusal = serializers.CharField()


@extend_schema_view(
    list=extend_schema(
        parameters=[query("name", "of this script only"), query("state", "draft, published or retired")]
    )
)
class ScriptViewSet(Resource[ScriptVersion]):
    """Versions of scripts, as `name@number`, or `name` for the one in force; for those who design processes."""

    queryset = ScriptVersion.objects.none()
    serializer_class = ScriptSerializer
    detail_serializer_class = ScriptDetailSerializer
    lookup_field = "reference"
    lookup_value_regex = r"[a-z][a-z0-9-]{0,59}(?:@\d{1,9})?"

    def get_queryset(self) -> QuerySet[ScriptVersion]:
        found = visible_scripts(self.person)
        for field in ("name", "state"):
            if value := text_in(self.request, field):
                found = found.filter(**{field: value})
        return found if self.detail else found.defer("source", "tests")

    def get_object(self) -> ScriptVersion:
        name, _separator, number = self.kwargs["reference"].partition("@")
        which = {"number": int(number)} if number else {"state": ScriptVersion.State.PUBLISHED}
        found = visible_scripts(self.person).filter(name=name, **which).first()
        if found is None:
            raise Http404
        return found

    @extend_schema(request=ScriptDraftSerializer, responses={201: ScriptSerializer, 400: RefusalSerializer})
    def create(self, request: Request) -> Response:
        """Keep a script's draft; it need not be right yet."""
        facts = _given(request)
        saved = services.save_draft(
            facts["name"], source=facts["source"], tests=facts["tests"], note=facts["note"], actor=self.person
        )
        return Response(ScriptSerializer(saved).data, status=201)

    @extend_schema(
        request=ScriptDraftSerializer,
        responses={200: TestResultSerializer(many=True), 400: RefusalSerializer},
    )
    @action(detail=False, methods=["post"], filter_backends=[], pagination_class=None)
    def test(self, request: Request) -> Response:
        """Run tests beside a source in the sandbox; nothing is kept."""
        if not has_privilege(self.person, Privilege.DESIGN_PROCESSES):
            raise NotPermitted("Only those who design processes try scripts out.")
        facts = _given(request)
        tests = check_tests(facts["tests"])
        try:
            check_script(facts["source"], name=facts["name"], actor=self.person)
        except ScriptError as error:
            raise InvalidInput(error.message, code=error.code, fields={"source": error.message}) from error
        results = run_tests(facts["source"], tests, name=facts["name"], actor=self.person)
        return Response(TestResultSerializer(results, many=True).data)

    @extend_schema(
        request=None, responses={200: ScriptSerializer, 400: RefusalSerializer, 409: RefusalSerializer}
    )
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, reference: str) -> Response:
        """Put a draft in force, if its tests pass."""
        return Response(ScriptSerializer(services.publish_script(self.get_object(), actor=self.person)).data)

    @extend_schema(request=None, responses={204: None, 409: RefusalSerializer})
    @action(detail=True, methods=["post"])
    def discard(self, request: Request, reference: str) -> Response:
        """Throw a draft away."""
        services.discard_draft(self.get_object(), actor=self.person)
        return Response(status=204)


def _given(request: Request) -> dict[str, Any]:
    command = ScriptDraftSerializer(data=request.data)
    command.is_valid(raise_exception=True)
    given: dict[str, Any] = command.validated_data
    return given

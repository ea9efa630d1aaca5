"""Webhooks: addresses that are told of cases and tasks, and what became of every delivery."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.privileges import Privilege, sites_where
from integrations.webhooks import services
from integrations.webhooks.by_hand import resend_failed, send_ping
from integrations.webhooks.delivery import replay
from integrations.webhooks.models import Webhook, WebhookDelivery
from integrations.webhooks.selectors import managed_deliveries, managed_webhooks
from integrations.webhooks.signing import secret_of
from portal.api.authentication import FOR_PROGRAMS
from portal.api.errors import RefusalSerializer
from portal.api.parameters import query, text_in, uuid_in
from portal.api.resource import UUID_PATTERN, Resource
from portal.api.sites import site_named

REFUSALS = {400: RefusalSerializer, 403: RefusalSerializer, 404: RefusalSerializer, 409: RefusalSerializer}
STATES = {
    "waiting": Q(delivered_at=None, failed_at=None),
    "delivered": Q(delivered_at__isnull=False),
    "failed": Q(failed_at__isnull=False),
}


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    """An address that is told of a site's cases and tasks."""

    site = serializers.CharField(source="site.code")

    class Meta:
        model = Webhook
        fields = (
            "uid", "site", "name", "url", "events", "is_enabled", "created_at", "failures", "rests_until",
            "last_delivered_at",
        )  # fmt: skip


class WebhookWithSecretSerializer(WebhookSerializer):
    """A webhook with its secret, which is told this once."""

    secret = serializers.SerializerMethodField()

    class Meta(WebhookSerializer.Meta):
        fields = (*WebhookSerializer.Meta.fields, "secret")  # type: ignore[assignment]

    def get_secret(self, webhook: Webhook) -> str:
        return secret_of(webhook)


class WebhookChangeSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=60, required=False)
    url = serializers.CharField(max_length=500, required=False)
    events = serializers.ListField(child=serializers.CharField(max_length=80), required=False, max_length=20)
    is_enabled = serializers.BooleanField(required=False)


class NewWebhookSerializer(serializers.Serializer[Any]):
    site = serializers.CharField(max_length=32, help_text="code of the site")
    name = serializers.CharField(max_length=60)
    url = serializers.CharField(max_length=500, help_text="https address of the receiver")
    events = serializers.ListField(
        child=serializers.CharField(max_length=80), max_length=20,
        help_text="any of: " + ", ".join(sorted(services.EVENTS)),
    )  # fmt: skip


class WebhookDeliverySerializer(serializers.ModelSerializer[WebhookDelivery]):
    """One piece of news for one receiver; `uid` is what it came with as `webhook-id`."""

    webhook = serializers.UUIDField(source="webhook.uid")
    state = serializers.SerializerMethodField()

    class Meta:
        model = WebhookDelivery
        fields = (
            "uid", "webhook", "event", "payload", "state", "attempts", "status_code", "error_code", "queued_at",
            "next_attempt_at", "delivered_at", "failed_at", "trace_id",
        )  # fmt: skip

    @extend_schema_field(serializers.ChoiceField(sorted(STATES)))
    def get_state(self, delivery: WebhookDelivery) -> str:
        return "delivered" if delivery.delivered_at else "failed" if delivery.failed_at else "waiting"


class ReplayedSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="how many deliveries are on their way again")


class WebhookViewSet(Resource[Webhook]):
    """Webhooks of the sites where the caller manages them."""

    authentication_classes = FOR_PROGRAMS
    queryset = Webhook.objects.none()
    serializer_class = WebhookSerializer
    lookup_field = "uid"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[Webhook]:
        return managed_webhooks(self.person).select_related("site")

    @extend_schema(
        request=NewWebhookSerializer,
        responses={201: WebhookWithSecretSerializer, 400: RefusalSerializer, 409: RefusalSerializer},
    )
    def create(self, request: Request) -> Response:
        """Have an address told of a site's cases and tasks; its secret is in this answer and in no other."""
        wish = NewWebhookSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        told = wish.validated_data
        site = site_named(
            told["site"],
            among=sites_where(self.person, Privilege.MANAGE_WEBHOOKS),
            sentence="The code of a site whose webhooks you manage is required.",
        )
        made = services.create_webhook(
            site, name=told["name"], url=told["url"], events=told["events"], actor=self.person
        )
        return _with_secret(made, status=201)

    @extend_schema(request=WebhookChangeSerializer, responses={200: WebhookSerializer, **REFUSALS})
    def partial_update(self, request: Request, uid: str) -> Response:
        """Change what is given; a receiver that was left alone is tried again."""
        wish = WebhookChangeSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        changed = services.update_webhook(self.get_object(), actor=self.person, **wish.validated_data)
        return Response(WebhookSerializer(changed).data)

    @extend_schema(responses={204: None, 404: RefusalSerializer})
    def destroy(self, request: Request, uid: str) -> Response:
        """Tell the address nothing any more, and forget what it was told."""
        services.delete_webhook(self.get_object(), actor=self.person)
        return Response(status=204)

    @extend_schema(request=None, responses={200: WebhookWithSecretSerializer, 404: RefusalSerializer})
    @action(detail=True, methods=["post"], url_path="change-secret")
    def change_secret(self, request: Request, uid: str) -> Response:
        """Give the webhook another secret; it is in this answer and in no other."""
        return _with_secret(services.change_secret(self.get_object(), actor=self.person))

    @extend_schema(request=None, responses={201: WebhookDeliverySerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def ping(self, request: Request, uid: str) -> Response:
        """Send a test, `Ping` with no data, whose delivery shows what the receiver answers."""
        return Response(
            WebhookDeliverySerializer(send_ping(self.get_object(), actor=self.person)).data, status=201
        )

    @extend_schema(request=None, responses={200: ReplayedSerializer, 404: RefusalSerializer})
    @action(detail=True, methods=["post"], url_path="replay-failed")
    def replay_failed(self, request: Request, uid: str) -> Response:
        """Send all that was given up once more, each under the id it had; 1000 deliveries at most at once."""
        return Response({"count": resend_failed(self.get_object(), actor=self.person)})


@extend_schema_view(
    list=extend_schema(
        parameters=[
            query("webhook", "UID of a webhook"),
            query("state", "waiting, delivered or failed"),
            query("trace", "trace id"),
        ]
    )
)
class WebhookDeliveryViewSet(Resource[WebhookDelivery]):
    """What receivers were told, newest first: exactly which delivery failed, and with what answer."""

    authentication_classes = FOR_PROGRAMS
    queryset = WebhookDelivery.objects.none()
    serializer_class = WebhookDeliverySerializer
    lookup_field = "uid"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[WebhookDelivery]:
        found = managed_deliveries(self.person).select_related("webhook__site")
        if hook := uuid_in(self.request, "webhook"):
            found = found.filter(webhook__uid=hook)
        if trace := uuid_in(self.request, "trace"):
            found = found.filter(trace_id=trace)
        return found.filter(STATES.get(text_in(self.request, "state"), Q()))

    @extend_schema(request=None, responses={200: WebhookDeliverySerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, uid: str) -> Response:
        """Send a delivery once more under the id it had."""
        return Response(WebhookDeliverySerializer(replay(self.get_object(), actor=self.person)).data)


def _with_secret(webhook: Webhook, *, status: int = 200) -> Response:
    body = WebhookWithSecretSerializer(webhook).data
    return Response(body, status=status, headers={"Cache-Control": "no-store"})

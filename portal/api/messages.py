from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.audit import record_audit
from integrations.hl7.models import MessageLog
from integrations.hl7.selectors import visible_messages
from portal.api.parameters import query, text_in, uuid_in
from portal.api.resource import UUID_PATTERN, Resource


class MessageSerializer(serializers.ModelSerializer[MessageLog]):
    """A message without its content: how it came or went, and how it was answered."""

    link = serializers.CharField(source="link.name", default="")
    site = serializers.CharField(source="site.code", default="")

    class Meta:
        model = MessageLog
        fields = (
            "uid", "direction", "link", "site", "sending_application", "sending_facility", "control_id",
            "message_type", "version", "received_at", "answered_at", "status", "receipts", "ack_code",
            "error_condition", "error_code", "error_location", "error_text", "trace_id", "mapped_by",
        )  # fmt: skip


@extend_schema_view(
    list=extend_schema(
        parameters=[
            query("direction", "inbound or outbound"),
            query("status", "accepted, rejected, failed, queued or acknowledged"),
            query("control_id", "exactly this MSH-10"),
            query("trace", "trace id"),
        ]
    )
)
class MessageViewSet(Resource[MessageLog]):
    """HL7 messages of the sites whose messages the caller may see."""

    queryset = MessageLog.objects.none()
    serializer_class = MessageSerializer
    lookup_field = "uid"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[MessageLog]:
        wanted = {
            "direction": text_in(self.request, "direction"),
            "status": text_in(self.request, "status"),
            "control_id": text_in(self.request, "control_id"),
            "trace_id": uuid_in(self.request, "trace"),
        }
        messages = visible_messages(self.person).select_related("link", "site").defer("raw", "answer")
        return messages.filter(**{name: value for name, value in wanted.items() if value})

    def get_object(self) -> MessageLog:
        message = super().get_object()
        record_audit(
            self.person, "message.opened", object_kind="message", object_uid=str(message.uid),
            site_code=message.site.code if message.site else "",
        )  # fmt: skip
        return message

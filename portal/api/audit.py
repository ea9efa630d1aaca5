from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.models import AuditEvent
from accounts.selectors import visible_audit_events
from portal.api.parameters import query, text_in, uid_in, uuid_in
from portal.api.resource import Resource


class AuditEventSerializer(serializers.ModelSerializer[AuditEvent]):
    """One line of the trail. `position` and `digest` are set once it is sealed into the chain."""

    class Meta:
        model = AuditEvent
        fields = (
            "id", "recorded_at", "actor", "site_code", "action", "outcome", "object_kind", "object_uid",
            "study_instance_uid", "trace_id", "detail", "position", "digest",
        )  # fmt: skip


@extend_schema_view(
    list=extend_schema(
        parameters=[
            query("trace", "trace id"),
            query("study", "Study Instance UID"),
            query("actor", "username, or name of a part of the system"),
            query("action", "exactly this action, such as study.opened"),
        ]
    )
)
class AuditEventViewSet(Resource[AuditEvent]):
    """The audit trail of the sites whose audit the caller keeps."""

    queryset = AuditEvent.objects.none()
    serializer_class = AuditEventSerializer

    def get_queryset(self) -> QuerySet[AuditEvent]:
        wanted = {
            "trace_id": uuid_in(self.request, "trace"),
            "study_instance_uid": uid_in(self.request, "study"),
            "actor": text_in(self.request, "actor"),
            "action": text_in(self.request, "action"),
        }
        events = visible_audit_events(self.person)
        return events.filter(**{name: value for name, value in wanted.items() if value})

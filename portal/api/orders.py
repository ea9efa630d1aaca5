from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.audit import record_audit
from archive.orders.models import Order, ScheduledProcedureStep
from archive.orders.selectors import visible_orders
from events.tracing import trace
from portal.api.parameters import query, text_in, uid_in, uuid_in
from portal.api.patients import PatientBriefSerializer
from portal.api.resource import UUID_PATTERN, Resource


class StepSerializer(serializers.ModelSerializer[ScheduledProcedureStep]):
    class Meta:
        model = ScheduledProcedureStep
        fields = (
            "scheduled_procedure_step_id", "description", "modality", "station_ae_title", "scheduled_at",
            "status",
        )  # fmt: skip


class OrderSerializer(serializers.ModelSerializer[Order]):
    site = serializers.CharField(source="site.code")
    patient = PatientBriefSerializer()
    steps = StepSerializer(many=True)

    class Meta:
        model = Order
        fields = (
            "uid", "site", "patient", "placer_order_number", "filler_order_number", "accession_number",
            "study_instance_uid", "requested_procedure_id", "procedure_code", "procedure_description",
            "reason", "service", "priority", "status", "referring_physician", "ordered_at", "received_at",
            "trace_id", "steps",
        )  # fmt: skip


@extend_schema_view(
    list=extend_schema(
        parameters=[
            query("accession_number", "exactly this accession number"),
            query("placer_order_number", "exactly this placer order number"),
            query("patient", "UID of the patient"),
            query("study", "Study Instance UID"),
            query("status", "scheduled, in_progress, reported or cancelled"),
        ]
    )
)
class OrderViewSet(Resource[Order]):
    """Orders of the sites at which the caller may see orders."""

    queryset = Order.objects.none()
    serializer_class = OrderSerializer
    lookup_field = "uid"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[Order]:
        orders = visible_orders(self.person).select_related("site", "patient").prefetch_related("steps")
        wanted = {
            "accession_number": text_in(self.request, "accession_number"),
            "placer_order_number": text_in(self.request, "placer_order_number"),
            "patient__uid": uuid_in(self.request, "patient"),
            "study_instance_uid": uid_in(self.request, "study"),
            "status": text_in(self.request, "status"),
        }
        return orders.filter(**{name: value for name, value in wanted.items() if value})

    def get_object(self) -> Order:
        order = super().get_object()
        with trace(order.trace_id):
            record_audit(
                self.person, "order.opened", object_kind="order", object_uid=str(order.uid),
                study_instance_uid=order.study_instance_uid, site_code=order.site.code,
            )  # fmt: skip
        return order

"""Routes of the REST interface, its schema and its pages of documentation."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from portal.api.audit import AuditEventViewSet
from portal.api.cases import CaseViewSet
from portal.api.conversation import (
    AttachmentContentView,
    AttachmentsView,
    AttachmentView,
    CommentsView,
)
from portal.api.corrections import CorrectionViewSet
from portal.api.documentation import DocumentationView
from portal.api.errors import nothing_here
from portal.api.external_tasks import ExternalTaskViewSet
from portal.api.hl7_links import LinkViewSet
from portal.api.jobs import JobViewSet
from portal.api.messages import MessageViewSet
from portal.api.nodes import NodeCheckViewSet, NodeViewSet
from portal.api.notices import CommitmentViewSet, NoticeViewSet, PerformedStepViewSet
from portal.api.operated_cases import OperatedCaseViewSet
from portal.api.orders import OrderViewSet
from portal.api.patients import PatientViewSet
from portal.api.process_news import ProcessMessagesView, ProcessSignalsView
from portal.api.processes import ProcessDefinitionViewSet
from portal.api.reidentification import ReidentificationView
from portal.api.reports import ReportViewSet
from portal.api.routing import (
    DeadLetterViewSet,
    DestinationViewSet,
    RoutingDecisionViewSet,
    RoutingTableViewSet,
)
from portal.api.scripts import ScriptViewSet
from portal.api.series import SeriesViewSet
from portal.api.session import MeView, SessionView
from portal.api.standstill import IncidentViewSet, StandstillView
from portal.api.storage_keeping import DeletionViewSet, LegalHoldViewSet, QuotaViewSet, TierChoiceViewSet
from portal.api.storage_rules import PlacementRuleViewSet, RetentionRuleViewSet
from portal.api.storage_work import CopyViewSet, FindingViewSet
from portal.api.studies import StudyViewSet
from portal.api.tasks import TaskViewSet
from portal.api.tokens import AccessTokenViewSet
from portal.api.volumes import VolumeViewSet
from portal.api.webhooks import WebhookDeliveryViewSet, WebhookViewSet

router = SimpleRouter()
router.register("orders", OrderViewSet, "api-orders")
router.register("patients", PatientViewSet, "api-patients")
router.register("studies", StudyViewSet, "api-studies")
router.register("corrections", CorrectionViewSet, "api-corrections")
router.register("commitments", CommitmentViewSet, "api-commitments")
router.register("notices", NoticeViewSet, "api-notices")
router.register("performed-steps", PerformedStepViewSet, "api-performed-steps")
router.register("series", SeriesViewSet, "api-series")
router.register("cases", CaseViewSet, "api-cases")
router.register("operated-cases", OperatedCaseViewSet, "api-operated-cases")
router.register("processes", ProcessDefinitionViewSet, "api-processes")
router.register("external-tasks", ExternalTaskViewSet, "api-external-tasks")
router.register("tasks", TaskViewSet, "api-tasks")
router.register("jobs", JobViewSet, "api-jobs")
router.register("reports", ReportViewSet, "api-reports")
router.register("messages", MessageViewSet, "api-messages")
router.register("hl7-links", LinkViewSet, "api-hl7-links")
router.register("nodes", NodeViewSet, "api-nodes")
router.register("node-checks", NodeCheckViewSet, "api-node-checks")
router.register("volumes", VolumeViewSet, "api-volumes")
router.register("storage-copies", CopyViewSet, "api-storage-copies")
router.register("storage-findings", FindingViewSet, "api-storage-findings")
router.register("placement-rules", PlacementRuleViewSet, "api-placement-rules")
router.register("retention-rules", RetentionRuleViewSet, "api-retention-rules")
router.register("storage-quotas", QuotaViewSet, "api-storage-quotas")
router.register("tier-choices", TierChoiceViewSet, "api-tier-choices")
router.register("legal-holds", LegalHoldViewSet, "api-legal-holds")
router.register("deletions", DeletionViewSet, "api-deletions")
router.register("routing-tables", RoutingTableViewSet, "api-routing-tables")
router.register("destinations", DestinationViewSet, "api-destinations")
router.register("routing-decisions", RoutingDecisionViewSet, "api-routing-decisions")
router.register("dead-letters", DeadLetterViewSet, "api-dead-letters")
router.register("scripts", ScriptViewSet, "api-scripts")
router.register("incidents", IncidentViewSet, "api-incidents")
router.register("webhooks", WebhookViewSet, "api-webhooks")
router.register("webhook-deliveries", WebhookDeliveryViewSet, "api-webhook-deliveries")
router.register("access-tokens", AccessTokenViewSet, "api-access-tokens")
router.register("audit", AuditEventViewSet, "api-audit")

urlpatterns: list[URLPattern | URLResolver] = [
    path("session/", SessionView.as_view(), name="api-session"),
    path("me/", MeView.as_view(), name="api-me"),
    path("reidentification/", ReidentificationView.as_view(), name="api-reidentification"),
    path("standstill/", StandstillView.as_view(), name="api-standstill"),
    path("cases/<uuid:uid>/comments/", CommentsView.as_view(), name="api-case-comments"),
    path("cases/<uuid:uid>/attachments/", AttachmentsView.as_view(), name="api-case-attachments"),
    path("attachments/<uuid:uid>/", AttachmentView.as_view(), name="api-attachment"),
    path("attachments/<uuid:uid>/content/", AttachmentContentView.as_view(), name="api-attachment-content"),
    path("process-messages/", ProcessMessagesView.as_view(), name="api-process-messages"),
    path("process-signals/", ProcessSignalsView.as_view(), name="api-process-signals"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", DocumentationView.as_view(), name="api-docs"),
    path("", include(router.urls)),
    re_path(r"^.*/$", nothing_here),
]

"""Routes of the REST interface, its schema and its pages of documentation."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from portal.api.audit import AuditEventViewSet
from portal.api.cases import CaseViewSet
from portal.api.documentation import DocumentationView
from portal.api.jobs import JobViewSet
from portal.api.messages import MessageViewSet
from portal.api.nodes import NodeCheckViewSet, NodeViewSet
from portal.api.orders import OrderViewSet
from portal.api.patients import PatientViewSet
from portal.api.reports import ReportViewSet
from portal.api.series import SeriesViewSet
from portal.api.session import MeView, SessionView
from portal.api.studies import StudyViewSet
from portal.api.tasks import TaskViewSet

router = SimpleRouter()
router.register("orders", OrderViewSet, "api-orders")
router.register("patients", PatientViewSet, "api-patients")
router.register("studies", StudyViewSet, "api-studies")
router.register("series", SeriesViewSet, "api-series")
router.register("cases", CaseViewSet, "api-cases")
router.register("tasks", TaskViewSet, "api-tasks")
router.register("jobs", JobViewSet, "api-jobs")
router.register("reports", ReportViewSet, "api-reports")
router.register("messages", MessageViewSet, "api-messages")
router.register("nodes", NodeViewSet, "api-nodes")
router.register("node-checks", NodeCheckViewSet, "api-node-checks")
router.register("audit", AuditEventViewSet, "api-audit")

urlpatterns: list[URLPattern | URLResolver] = [
    path("session/", SessionView.as_view(), name="api-session"),
    path("me/", MeView.as_view(), name="api-me"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", DocumentationView.as_view(), name="api-docs"),
    path("", include(router.urls)),
]

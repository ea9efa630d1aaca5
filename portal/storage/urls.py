from __future__ import annotations

from django.urls import URLPattern, path

from portal.storage import keeping_views, views

urlpatterns: list[URLPattern] = [
    path("", views.storage, name="storage"),
    path("volumes/", views.add_volume, name="add-volume"),
    path("volumes/<slug:name>/state/", views.set_volume_state, name="set-volume-state"),
    path("volumes/<slug:name>/scrub/", views.scrub_volume, name="scrub-volume"),
    path("rules/", views.rules, name="storage-rules"),
    path("rules/<str:kind>/<int:pk>/remove/", views.remove_rule, name="remove-storage-rule"),
    path("moves/", views.moves, name="storage-moves"),
    path("moves/<int:pk>/try-again/", views.try_again, name="try-copy-again"),
    path("moves/study/", views.move_study, name="move-study"),
    path("findings/", views.scrub_findings, name="storage-findings"),
    path("quotas/", keeping_views.quotas, name="storage-quotas"),
    path("holds/", keeping_views.holds, name="storage-holds"),
    path("holds/place/", keeping_views.hold, name="place-hold"),
    path("holds/<int:pk>/release/", keeping_views.release, name="release-hold"),
    path("deletions/", keeping_views.delete, name="delete-study"),
    path("deletions/<uuid:uid>/undo/", keeping_views.undo, name="undo-deletion"),
]

from __future__ import annotations

from django.urls import URLPattern, path

from portal.storage import views

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
    path("quotas/", views.quotas, name="storage-quotas"),
    path("holds/", views.holds, name="storage-holds"),
    path("holds/place/", views.hold, name="place-hold"),
    path("holds/<int:pk>/release/", views.release, name="release-hold"),
    path("deletions/", views.delete, name="delete-study"),
    path("deletions/<uuid:uid>/undo/", views.undo, name="undo-deletion"),
]

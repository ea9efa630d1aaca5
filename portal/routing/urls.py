from __future__ import annotations

from django.urls import URLPattern, path

from portal.routing import attention, destination_pages, drafting, letters, publishing, views, why

urlpatterns: list[URLPattern] = [
    path("", views.tables, name="routing"),
    path("tables/", views.add_table, name="add-routing-table"),
    path("destinations/", views.destinations, name="routing-destinations"),
    path("new-destination/", destination_pages.add, name="add-destination"),
    path("destinations/<slug:key>/", destination_pages.change, name="change-destination"),
    path("destinations/<slug:key>/switch/", views.switch, name="switch-destination"),
    path("attention/", attention.index, name="routing-attention"),
    path("dead-letters/", letters.index, name="dead-letters"),
    path("dead-letters/resend/", letters.send_again, name="resend-dead-letters"),
    path("series/<str:series_uid>/", why.of_series, name="routing-series"),
    path("why/<str:study_uid>/", why.of_study, name="routing-why"),
    path("tables/<slug:key>/", drafting.editor, name="routing-table"),
    path("tables/<slug:key>/draft/", drafting.save, name="routing-draft"),
    path("tables/<slug:key>/discard/", publishing.discard, name="discard-routing-draft"),
    path("tables/<slug:key>/what-if/", publishing.try_out, name="routing-what-if"),
    path("tables/<slug:key>/publish/", publishing.publish, name="publish-routing-table"),
    path("tables/<slug:key>/versions/<int:number>/", drafting.version, name="routing-version"),
    path("tables/<slug:key>/versions/<int:number>/revert/", publishing.put_back, name="revert-routing-table"),
]

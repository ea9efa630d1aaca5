from __future__ import annotations

from django.urls import URLPattern, path

from portal.scripts import views, writing

urlpatterns: list[URLPattern] = [
    path("", views.index, name="scripts"),
    path("new/", writing.add, name="add-script"),
    path("test/", writing.test, name="test-script"),
    path("of/<slug:name>/", views.script, name="script"),
    path("of/<slug:name>/edit/", writing.edit, name="edit-script"),
    path("of/<slug:name>/publish/", writing.publish, name="publish-script"),
    path("of/<slug:name>/discard/", writing.discard, name="discard-script"),
    path("of/<slug:name>/<int:number>/", views.version, name="script-version"),
]

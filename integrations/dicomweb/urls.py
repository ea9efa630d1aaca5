"""The resources below the base URI (PS3.18 §8.2), each with its methods.

A resource of several methods is a `resource(GET=..., POST=...)` of views made by `dicomweb_view`.
"""

from __future__ import annotations

from django.urls import URLPattern, re_path

from integrations.dicomweb.door import no_such_resource, resource
from integrations.dicomweb.search.views import search_instances, search_series, search_studies
from integrations.dicomweb.store.views import store_instances

app_name = "dicomweb"
STUDY = r"^studies/(?P<study>[^/]+)"
SERIES = rf"{STUDY}/series/(?P<series>[^/]+)"
INSTANCE = rf"{SERIES}/instances/(?P<instance>[^/]+)"
FRAMES = rf"{INSTANCE}/frames/(?P<frames>[^/]+)"

urlpatterns: list[URLPattern] = [
    re_path(r"^studies/?$", resource(GET=search_studies, POST=store_instances), name="studies"),
    re_path(r"^series/?$", resource(GET=search_series)),
    re_path(r"^instances/?$", resource(GET=search_instances)),
    re_path(rf"{STUDY}/series/?$", resource(GET=search_series)),
    re_path(rf"{STUDY}/instances/?$", resource(GET=search_instances)),
    re_path(rf"{SERIES}/instances/?$", resource(GET=search_instances)),
    re_path(rf"{STUDY}/?$", resource(POST=store_instances), name="study"),
    re_path(r"^(?P<path>.*)$", no_such_resource),
]

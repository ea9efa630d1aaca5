"""The resources of the Worklist service (PS3.18 Table 11.1.1-1)."""

from __future__ import annotations

from django.urls import URLPattern, re_path

from integrations.dicomweb.door import resource
from integrations.dicomweb.worklist.search import search
from integrations.dicomweb.worklist.subscriptions import subscribe, suspend_subscription, unsubscribe
from integrations.dicomweb.worklist.views import cancel, change, create, retrieve, update

WORKITEM = r"^workitems/(?P<workitem>[^/]+)"
SUBSCRIBER = rf"{WORKITEM}/subscribers/(?P<aetitle>[^/]+)"

urlpatterns: list[URLPattern] = [
    re_path(r"^workitems/?$", resource(GET=search, POST=create), name="workitems"),
    re_path(rf"{WORKITEM}/?$", resource(GET=retrieve, POST=update), name="workitem"),
    re_path(rf"{WORKITEM}/state$", change),
    re_path(rf"{WORKITEM}/cancelrequest$", cancel),
    re_path(rf"{SUBSCRIBER}$", resource(POST=subscribe, DELETE=unsubscribe)),
    re_path(rf"{SUBSCRIBER}/suspend$", suspend_subscription),
]

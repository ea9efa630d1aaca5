"""Searching the worklist.

Reference  PS3.18 §11.9 (Search transaction), §8.3.4 (query parameters), PS3.4 §CC.2.8
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase

from accounts.models import Person
from archive.workitems.attributes import tag_of, workitem_attributes
from archive.workitems.datasets import Model
from archive.workitems.selectors import matching_workitems, visible_workitems
from integrations.dicomweb.charsets import check_charset
from integrations.dicomweb.door import dicomweb_view, nothing, warn
from integrations.dicomweb.media_types import negotiate
from integrations.dicomweb.search.parameters import SearchParameters, search_parameters
from integrations.dicomweb.search.warnings import MORE, warn_of_ignored
from integrations.dicomweb.worklist.answers import workitems
from integrations.dicomweb.worklist.trail import note_search
from integrations.dicomweb.worklist.views import OFFERS

AT_MOST = 1_000
_IF_SET = frozenset({"1C", "2C"})


@dicomweb_view("GET")
def search(request: HttpRequest, actor: Person) -> HttpResponseBase:
    """The workitems that match, soonest first: 204 for none, 206 where there are more than were given."""
    check_charset(request)
    media = negotiate(request, OFFERS)
    asked = search_parameters(request.META.get("QUERY_STRING", ""))
    found, matched = matching_workitems(visible_workitems(actor), asked.keys, is_fuzzy=asked.is_fuzzy)
    most = AT_MOST if asked.limit is None else min(asked.limit, AT_MOST)
    rows = found.order_by("starts_at", "pk").values_list("attributes", flat=True)
    models = list(rows[asked.offset : asked.offset + most + 1])
    note_search(actor, [f"{key.tag:08X}" for key in asked.keys])
    wanted = _answered(asked)
    shown = [_shown(model, wanted) for model in models[:most]]
    response = workitems(media, shown) if shown else nothing(204)
    if shown and len(models) > most:
        response.status_code = 206
        warn(request, response, MORE)
    warn_of_ignored(request, response, asked, matched.unsupported)
    return response


def _answered(asked: SearchParameters) -> frozenset[str] | None:
    """The tags to answer; None for everything. The Transaction UID is never kept with the rest."""
    if asked.is_everything_included:
        return None
    required = {
        tag for tag, one in workitem_attributes().items() if one.is_answered or one.returned in _IF_SET
    }
    named = {f"{tag:08X}" for tag in (*asked.included, *(key.tag for key in asked.keys))}
    return frozenset(required | named | {tag_of("SpecificCharacterSet")})


def _shown(model: Model, wanted: frozenset[str] | None) -> Model:
    return model if wanted is None else {tag: held for tag, held in model.items() if tag in wanted}

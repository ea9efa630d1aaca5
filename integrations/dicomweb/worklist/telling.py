"""Refusals with the Warning header the standard words for each, and warnings beside what succeeds.

Reference  PS3.18 §11.4.3.2, §11.6.3.2, §11.7.3.2, §11.8.3.2 (Warning header fields), §8.5 (410)
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponseBase

from accounts.models import Person
from common.errors import NotFound, NotPermitted, ServiceError
from integrations.dicomweb.door import warn
from integrations.dicomweb.errors import Gone, MediaTypeRefused, NotSignedIn, TooLarge, refusal

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Person, P], HttpResponseBase]

CREATED_WITH_MODIFICATIONS = "The Workitem was created with modifications."
NOT_CLAIMED = "The target URI did not reference a claimed Workitem."
INCONSISTENT_WORKITEM = "The submitted request is inconsistent with the current state of the Workitem."
INCONSISTENT_INSTANCE = "The submitted request is inconsistent with the state of the UPS Instance."
UID_MISSING = "The Transaction UID is missing."
UID_INCORRECT = "The Transaction UID is incorrect."
ALREADY = {
    "CANCELED": "The UPS is already in the requested state of CANCELED.",
    "COMPLETED": "The UPS is already in the requested state of COMPLETED.",
}
ON_UPDATE = {"NOT_CLAIMED": NOT_CLAIMED, "": INCONSISTENT_WORKITEM}
ON_CHANGE_OF_STATE = {
    "TRANSACTION_UID_MISSING": UID_MISSING,
    "TRANSACTION_UID_INCORRECT": UID_INCORRECT,
    "": INCONSISTENT_INSTANCE,
}
ON_CANCELLATION = {
    "ALREADY_COMPLETED": "The UPS is already COMPLETED.",
    "PERFORMER_UNREACHABLE": "The performer cannot be contacted.",
    "": INCONSISTENT_INSTANCE,
}
_WITHOUT_TEXT = (NotSignedIn, NotPermitted, NotFound, MediaTypeRefused, TooLarge)


def refusing_with(texts: Mapping[str, str] | None = None) -> Callable[[View[P]], View[P]]:
    """Give refusals of a view the text for their code, and for any other conflict or bad request the one for ""."""

    def decorate(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def enter(
            request: HttpRequest, actor: Person, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            try:
                return view(request, actor, *args, **kwargs)
            except NotSignedIn:
                raise
            except ServiceError as error:
                gone = error.code == "WORKITEM_REMOVED"
                response = refusal(Gone(error.message, code=error.code) if gone else error)
                if texts and error.permanent and not isinstance(error, _WITHOUT_TEXT):
                    warn(request, response, texts.get(error.code, texts[""]))
                return response

        return enter

    return decorate

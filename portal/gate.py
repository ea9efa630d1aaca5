"""Pages that only some privileges open; for everybody else they are not there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse

from accounts.privileges import Privilege
from portal.shell.person import standing_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def opened_by(*privileges: Privilege) -> Callable[[View[P]], View[P]]:
    """A view for those who hold any of these privileges somewhere; 404 for the others."""

    def gate(view: View[P]) -> View[P]:
        @wraps(view)
        def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not standing_of(request).privileges & frozenset(privileges):
                raise Http404
            return view(request, *args, **kwargs)

        return login_required(answer)

    return gate

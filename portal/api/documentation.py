"""The interface explained by Swagger UI, from this machine, with the one CSP exception it needs."""

from __future__ import annotations

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularSwaggerSplitView


@method_decorator(csp_update({"style-src": [SELF, UNSAFE_INLINE]}), name="dispatch")
class DocumentationView(SpectacularSwaggerSplitView):
    """Swagger UI with its script from an address of its own; it styles its parts inline."""

    url_name = "api-schema"

"""What the viewer's pages may load (Content Security Policy Level 3): nothing from outside, no script in the page.

Its decoders are WebAssembly, and their glue builds functions from text: that is allowed to the workers alone,
which hold no page and take the policy of their own script's answer (CSP3 §4.2.3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp

_WASM = "'wasm-unsafe-eval'"
_BLOB, _DATA = "blob:", "data:"

_COMMON: dict[str, list[str]] = {
    "default-src": [SELF],
    "connect-src": [SELF, _BLOB, _DATA],
    "worker-src": [SELF, _BLOB],
    "object-src": [NONE],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [NONE],
}

View = Callable[..., Any]


def viewer_page(view: View) -> View:
    """The page: our scripts only; styles as its components write them; documents and films from memory."""
    directives = {
        **_COMMON,
        "script-src": [SELF, _WASM],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, _BLOB, _DATA],
        "font-src": [SELF, _DATA],
        "media-src": [SELF, _BLOB],
        "object-src": [SELF, _BLOB],
        "frame-src": [SELF, _BLOB],
    }
    return csp(directives)(view)


def viewer_file(view: View) -> View:
    """A file; as a worker's script it may start decoders."""
    return csp({**_COMMON, "script-src": [SELF, _BLOB, _WASM, UNSAFE_EVAL]})(view)

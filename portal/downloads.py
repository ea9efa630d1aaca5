"""Files that a browser saves instead of showing."""

from __future__ import annotations

from django.http import HttpResponse


def as_download(content: bytes, name: str, media_type: str) -> HttpResponse:
    """A file under a name that every system can keep; nothing in it is run or guessed at."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
    return HttpResponse(
        content,
        content_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{safe}"',
            "X-Content-Type-Options": "nosniff",
        },
    )

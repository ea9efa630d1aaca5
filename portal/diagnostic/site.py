"""The viewer's files as set-up left them: which there are, and how each goes out."""

from __future__ import annotations

import json
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

_ENCODINGS = {"br": "br", "gz": "gzip"}
_TYPES = {".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".woff2": "font/woff2"}


@dataclass(frozen=True, slots=True)
class Site:
    """A built site.

    `files` names every file that may be asked for, with the endings of its compressed copies; `joined_styles` names
    the style sheets that one of `styles` holds already; `later` what the first image may need besides, to be decoded.
    """

    folder: Path
    release: str
    version: str
    scripts: tuple[str, ...]
    styles: tuple[str, ...]
    joined_styles: tuple[str, ...]
    later: tuple[str, ...]
    files: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Sendable:
    """A file on the disk, and what the browser is to be told of it."""

    path: Path
    content_type: str
    encoding: str


def installed_site() -> Site | None:
    """The viewer that set-up built; None where it could not be had."""
    facts = settings.OHIF_ROOT / "site.json"
    try:
        return _read(settings.OHIF_ROOT, facts.stat().st_mtime_ns)
    except FileNotFoundError:
        return None


def sendable(site: Site, name: str, *, accepted: str) -> Sendable | None:
    """The smallest copy of a file that the browser takes (RFC 9110 §12.5.3); None for what is not of the site."""
    endings = site.files.get(name)
    if endings is None:
        return None
    codings = {coding.partition(";")[0].strip() for coding in accepted.lower().split(",")}
    path = site.folder / "files" / name
    content_type = _TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    for ending in endings:
        if _ENCODINGS[ending] in codings:
            return Sendable(path.with_name(f"{path.name}.{ending}"), content_type, _ENCODINGS[ending])
    return Sendable(path, content_type, "")


@lru_cache(maxsize=2)
def _read(folder: Path, written_ns: int) -> Site:
    facts = json.loads((folder / "site.json").read_text())
    return Site(
        folder=folder,
        release=facts["release"],
        version=facts["version"],
        scripts=tuple(facts["scripts"]),
        styles=tuple(facts["styles"]),
        joined_styles=tuple(facts["joined_styles"]),
        later=tuple(
            facts.get("later", ())
        ),  # a site of an earlier set-up stays where no newer one is to be had
        files={name: tuple(endings) for name, endings in facts["files"].items()},
    )

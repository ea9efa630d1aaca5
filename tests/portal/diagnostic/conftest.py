"""A small site in place of the one that set-up builds."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture
def small_site(tmp_path: Path, settings: Settings) -> Path:
    """Two scripts and a picture under release `r1`."""
    folder = tmp_path / "ohif"
    files = folder / "files"
    (files / "assets").mkdir(parents=True)
    (files / "app.js").write_text("let a = 1;")
    (files / "app.js.gz").write_bytes(gzip.compress(b"let a = 1;"))
    (files / "app-config.js").write_text("let b = 2;")
    (files / "assets" / "favicon.ico").write_bytes(b"icon")
    facts = {
        "release": "r1", "version": "3.13.2", "scripts": ["app-config.js", "app.js"], "styles": ["app.css"],
        "joined_styles": ["1.css"], "later": ["8097.js", "codec.wasm"],
        "files": {"app.js": ["gz"], "app-config.js": [], "assets/favicon.ico": []},
    }  # fmt: skip
    (folder / "site.json").write_text(json.dumps(facts))
    settings.OHIF_ROOT = folder
    return folder

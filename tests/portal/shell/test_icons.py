"""Icons that pages name are in the sprite's list, and the list holds no others' names twice."""

from __future__ import annotations

import json
import re
from pathlib import Path

PORTAL = Path(__file__).resolve().parents[3] / "portal"
NAMED = re.compile(r"""\{% icon "([a-z0-9-]+)"|icon_name="([a-z0-9-]+)\"""")


def test_every_icon_a_template_names_is_in_the_sprite() -> None:
    listed = set(json.loads((PORTAL / "frontend" / "icons.json").read_text()))

    named = {
        first or second
        for path in PORTAL.rglob("*.html")
        if "node_modules" not in path.parts
        for first, second in NAMED.findall(path.read_text())
    }

    assert named - listed == set()
    assert "inbox" in named


def test_the_lock_file_names_no_download_addresses() -> None:
    assert '"resolved"' not in (PORTAL / "frontend" / "package-lock.json").read_text()

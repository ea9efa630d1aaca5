"""The interface describes itself, from this machine alone."""

from __future__ import annotations

import json
import re

from django.core.management import call_command


def test_schema_is_complete_without_a_warning(tmp_path):
    written = tmp_path / "schema.json"

    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", "--file", str(written)
    )

    paths = json.loads(written.read_text())["paths"]
    assert {"/api/session/", "/api/cases/{uid}/", "/api/tasks/{uid}/complete/"} <= set(paths)


def test_documentation_loads_nothing_from_elsewhere_and_bends_only_the_style_rule(cast, as_person):
    answer = as_person(cast.rosa).get("/api/docs/", HTTP_ACCEPT="text/html")

    assert answer.status_code == 200
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', answer.content.decode())
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    assert "unsafe-inline" not in str(policy.get("script-src", policy["default-src"]))
    assert "unsafe-inline" in policy["style-src"]

"""Every text that people read has its Chinese."""

from __future__ import annotations

import re
from pathlib import Path

from config.messages import read_catalog, untranslated, used_messages

ROOT = Path(__file__).resolve().parents[2]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|<[^>]+>")


def test_no_message_lacks_its_chinese() -> None:
    missing = untranslated(ROOT, "zh_Hans")

    assert not missing, "\n".join(f"{place}: {message!r}" for message, place in missing.items())


def test_no_translation_has_outlived_its_message() -> None:
    used = {message if isinstance(message, str) else message[0] for message in used_messages(ROOT)}
    kept = {entry.id if isinstance(entry.id, str) else entry.id[0] for entry in read_catalog(ROOT, "zh_Hans")}

    assert kept - {""} - used == set()


def test_translations_keep_every_placeholder_and_tag() -> None:
    wrong = []
    for entry in read_catalog(ROOT, "zh_Hans"):
        if not entry.id:
            continue
        english = entry.id if isinstance(entry.id, str) else entry.id[1]
        chinese = entry.string if isinstance(entry.string, str) else (entry.string or [""])[0]
        if sorted(PLACEHOLDER.findall(english)) != sorted(PLACEHOLDER.findall(chinese)):
            wrong.append(english)

    assert wrong == []


def test_messages_are_found_in_code_templates_and_diagrams() -> None:
    places = {message: place for message, place in used_messages(ROOT).items() if isinstance(message, str)}

    assert places["%(field)s is required."].endswith("workflows/forms/refusals.py")
    assert places["Skip to content"].endswith("base.html")
    assert places["Read and report"].endswith(".bpmn")

"""Every text that people read has its Chinese."""

from __future__ import annotations

import re
from pathlib import Path

from common.diagram_names import CONTEXT
from config.messages import Message, read_catalog, untranslated, update_catalog, used_messages

ROOT = Path(__file__).resolve().parents[2]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|<[^>]+>")


def test_no_message_lacks_its_chinese() -> None:
    missing = untranslated(ROOT, "zh_Hans")

    assert not missing, "\n".join(f"{place}: {message!r}" for message, place in missing.items())


def test_no_translation_has_outlived_its_message() -> None:
    used = {(message.text, message.context) for message in used_messages(ROOT)}
    kept = {
        (entry.id if isinstance(entry.id, str) else entry.id[0], entry.context)
        for entry in read_catalog(ROOT, "zh_Hans")
    }

    assert kept - {("", None)} - used == set()


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
    places = {(message.text, message.context): place for message, place in used_messages(ROOT).items()}

    assert places["%(field)s is required.", None].endswith("workflows/forms/refusals.py")
    assert places["Skip to content", None].endswith("base.html")
    assert places["Read and report", CONTEXT].endswith(".bpmn")


def test_a_word_of_the_pages_and_a_name_in_a_diagram_are_two_messages(tmp_path: Path) -> None:
    (tmp_path / "bpmn").mkdir()
    (tmp_path / "bpmn" / "one.bpmn").write_text(
        '<bpmn:process xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" name="Asked"/>'
    )
    (tmp_path / "portal").mkdir()
    (tmp_path / "portal" / "page.py").write_text(
        '_("Asked")\nngettext("%d day", "%d days", n)\n_("%d day")\n'
    )

    assert used_messages(tmp_path) == {
        Message("Asked", context=CONTEXT): "bpmn/one.bpmn",
        Message("Asked"): "portal/page.py",
        Message("%d day", "%d days"): "portal/page.py",
    }
    assert update_catalog(tmp_path, "zh_Hans") == (3, 0)
    read_again = read_catalog(tmp_path, "zh_Hans")
    assert [(entry.id, entry.context) for entry in read_again if entry.id] == [
        ("Asked", CONTEXT),
        (("%d day", "%d days"), None),
        ("Asked", None),
    ]

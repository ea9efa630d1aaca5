"""A case's diagram for the page: names in the reader's language, and each step's state in words."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from lxml import etree

from common.diagram_names import name_in_words
from workflows.models import ProcessInstance
from workflows.selectors import diagram_state


def diagram_facts(case: ProcessInstance) -> dict[str, Any]:
    """What the drawing needs: XML, and for each element its state, who and when, ready to be shown."""
    state = diagram_state(case)
    return {
        "xml": in_words(state["xml"], get_language() or "en"),
        "active": state["active"],
        "completed": state["completed"],
        "elements": {key: _element(each) for key, each in state["elements"].items()},
    }


@lru_cache(maxsize=64)
def in_words(xml: str, language: str) -> str:
    """The diagram with every name in a language; definitions never change, so it is made once."""
    del language  # part of the cache key; the names follow the language in use
    root = etree.fromstring(xml.encode(), parser=etree.XMLParser(resolve_entities=False))
    for element in root.iter(etree.Element):
        name = element.get("name")
        if name:
            element.set("name", name_in_words(name))
    return str(etree.tostring(root, encoding="unicode"))


def _element(each: dict[str, Any]) -> dict[str, str]:
    words = {
        "active": _("Open now"),
        "waiting": _("Waits until"),
        "completed": _("Done"),
        "failed": _("Failed"),
    }
    at = each["at"]
    return {
        "name": name_in_words(each["name"]),
        "status": each["status"],
        "word": words.get(each["status"], each["status"]),
        "at": formats.date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT") if at else "",
        "actor": each["actor"] or "",
    }

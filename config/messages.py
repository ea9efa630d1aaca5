"""Every text that people read, collected from code, templates and diagrams, beside its translations.

It needs no gettext programs: Babel reads Python, Django turns templates into Python first, and the names in
a diagram are texts too.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from babel.messages import Catalog
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize
from lxml import etree

from common.diagram_names import CONTEXT

PACKAGES = (
    "accounts", "archive", "common", "compute", "config", "events", "integrations", "notifications", "portal",
    "workflows",
)  # fmt: skip
KEYWORDS: dict[str, None] = dict.fromkeys(
    ("_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy")
)
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CODES = {f"{BPMN}{kind}" for kind in ("message", "error", "signal", "escalation", "property")}
CREATED = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)  # a fixed date: an unchanged catalogue stays the same file
LEFT_OUT = {"node_modules", "migrations", "locale", "__pycache__"}


class Message(NamedTuple):
    """A text, its plural where it has one, and where it is said if its words alone do not tell."""

    text: str
    plural: str = ""
    context: str | None = None

    @property
    def id(self) -> str | tuple[str, str]:
        return (self.text, self.plural) if self.plural else self.text


def used_messages(root: Path) -> dict[Message, str]:
    """Every message in use, with a file it is used in; one that is also said without its plural stands once."""
    found: dict[Message, str] = {}
    for path in sorted(_sources(root)):
        for message in _messages_of(path):
            found.setdefault(message, str(path.relative_to(root)))
    with_plural = {message._replace(plural="") for message in found if message.plural}
    return {message: place for message, place in found.items() if message not in with_plural}


def catalog_path(root: Path, locale: str) -> Path:
    return root / "config" / "locale" / locale / "LC_MESSAGES" / "django.po"


def read_catalog(root: Path, locale: str) -> Catalog:
    """The translations into a language; an empty catalogue where there is none yet."""
    path = catalog_path(root, locale)
    if not path.exists():
        return _empty_catalog(locale)
    with path.open("rb") as file:
        return read_po(file, locale=locale, domain="django")


def untranslated(root: Path, locale: str) -> dict[Message, str]:
    """The messages in use that lack a finished translation, with a file each is used in."""
    catalog = read_catalog(root, locale)
    return {
        message: place for message, place in used_messages(root).items() if not _is_done(catalog, message)
    }


def update_catalog(root: Path, locale: str) -> tuple[int, int]:
    """Write the catalogue with exactly the messages in use; how many are new, how many have gone."""
    old, used = read_catalog(root, locale), used_messages(root)
    fresh = _empty_catalog(locale)
    known = 0
    for message, place in sorted(used.items(), key=lambda item: (item[1], str(item[0].id))):
        kept = old.get(message.text, message.context)
        known += kept is not None
        said = kept.string if kept else None
        fresh.add(message.id, said, locations=[(place, None)], context=message.context)  # type: ignore[list-item]
    path = catalog_path(root, locale)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, fresh, width=100, omit_header=False, include_lineno=False)
    return len(used) - known, max(len(old) - known, 0)


def _empty_catalog(locale: str) -> Catalog:
    return Catalog(
        locale=locale,
        domain="django",
        project="Consilium",
        version="1",
        header_comment="# The portal's words in another language; brought up to date by collect_messages.",
        last_translator="Consilium",
        language_team="Consilium",
        msgid_bugs_address="Consilium",
        creation_date=CREATED,
        revision_date=CREATED,
        charset="utf-8",
        fuzzy=False,
    )


def _is_done(catalog: Catalog, message: Message) -> bool:
    entry = catalog.get(message.text, message.context)
    if entry is None or entry.fuzzy:
        return False
    strings = entry.string if isinstance(entry.string, list | tuple) else (entry.string,)
    return all(strings)


def _sources(root: Path) -> Iterator[Path]:
    for package in PACKAGES:
        for path in (root / package).rglob("*"):
            if path.suffix in {".py", ".html", ".txt"} and not LEFT_OUT & set(path.parts):
                yield path
    yield from (root / "bpmn").rglob("*.bpmn")


def _messages_of(path: Path) -> Iterator[Message]:
    if path.suffix == ".bpmn":
        yield from _names_in(path)
        return
    text = path.read_text()
    if path.suffix != ".py":
        text = "\n".join(line.lstrip() for line in templatize(text, origin=str(path)).splitlines())
    found = extract_python(io.BytesIO(text.encode()), KEYWORDS, (), {"encoding": "utf-8"})
    for _line, _function, words, _comments in found:
        message: Any = words
        if not message:  # the text is in a variable; it was marked where it is written
            continue
        yield Message(message) if isinstance(message, str) else Message(message[0], message[1])


def _names_in(path: Path) -> Iterator[Message]:
    for element in etree.parse(path).iter(f"{BPMN}*"):
        name = element.get("name")
        if name and element.tag not in CODES:
            yield Message(name, context=CONTEXT)

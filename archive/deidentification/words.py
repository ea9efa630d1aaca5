"""Cleaning free text: only words of the trade stay, because nobody can list every name there is.

Reference  PS3.15 §E.3.5 (Clean Descriptors)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("vocabulary.txt")
_TOKEN = re.compile(r"[^\W\d_\u2e80-\u9fff]+|[\u2e80-\u9fff]+|\d+(?:[.,]\d+)?|[+-]")
_CJK = re.compile(r"[\u2e80-\u9fff]")
_SHORTEST_NAME = 3
_SHORTEST_NUMBER = 4


@cache
def vocabulary() -> frozenset[str]:
    """Words of imaging and anatomy that tell nothing of a person, in small letters."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return frozenset(word.casefold() for line in lines if not line.startswith("#") for word in line.split())


def cleaned(text: str) -> str:
    """The text with only its words of the vocabulary and numbers of up to three digits left."""
    kept: list[str] = []
    for token in _TOKEN.findall(text):
        if token[0].isdigit():
            kept.extend([token] if len(re.split("[.,]", token)[0]) < _SHORTEST_NUMBER else [])
        elif _CJK.match(token):
            kept.extend(_known_terms(token))
        elif token.casefold() in vocabulary():
            kept.append(token)
    return " ".join(kept) if any(any(c.isalpha() for c in token) for token in kept) else ""


def _known_terms(run: str) -> list[str]:
    """The longest known terms of a run of characters that is written without spaces."""
    found: list[str] = []
    at = 0
    while at < len(run):
        size = next((n for n in range(min(8, len(run) - at), 0, -1) if run[at : at + n] in vocabulary()), 0)
        if size:
            found.append(run[at : at + size])
        at += size or 1
    return found


def identifying_words(values: Iterable[str]) -> frozenset[str]:
    """The words of names and identifiers that must not be found anywhere in what is kept."""
    words: set[str] = set()
    for value in values:
        for word in (value, *re.split(r"[\s^=,;/\\]+", value)):
            stripped = word.strip().casefold()
            if _tells(stripped):
                words.add(stripped)
    return frozenset(words)


def _tells(word: str) -> bool:
    if _CJK.search(word):
        return len(word) >= 2
    if word.isdigit():
        return len(word) >= _SHORTEST_NUMBER
    return len(word) >= _SHORTEST_NAME and word not in vocabulary()


def without(text: str, words: frozenset[str]) -> str:
    """The text without any of these words, whatever their case, also where they are part of another."""
    folded = text.casefold()
    if not any(word in folded for word in words):
        return text
    for word in sorted(words, key=len, reverse=True):
        text = re.sub(re.escape(word), "", text, flags=re.IGNORECASE)
    return text.strip()

"""Colours are far enough apart to be read: at least 4.5:1 for text, 3:1 for the outline of a field.

Reference  WCAG 2.2 §1.4.3 (text) and §1.4.11 (non-text), relative luminance as defined there
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).resolve().parents[3] / "portal/static/portal/css/tokens.css"
GROUNDS = ("ground", "surface", "raised", "sunken")
TEXT = [
    *((ink, ground) for ink in ("ink", "ink-soft", "accent") for ground in GROUNDS),
    *((tone, ground) for tone in ("critical", "warning", "ok", "info") for ground in ("ground", "surface")),
    *((tone, f"{tone}-wash") for tone in ("critical", "warning", "ok", "info")),
    *(("ink", f"{tone}-wash") for tone in ("accent", "critical", "warning", "ok", "info")),
    *(("ink-soft", f"{tone}-wash") for tone in ("accent", "critical", "warning")),
    ("accent-ink", "accent"),
    ("accent-strong", "accent-wash"),
    ("surface", "critical"),
    ("rail-ink", "rail"),
]
THEMES = {
    "light": ":root {",
    "dark": ':root[data-theme="dark"] {',
    "system, dark": ':root[data-theme="system"] {',
}


def colours(theme: str) -> dict[str, str]:
    text = TOKENS.read_text()
    block = text[text.index(THEMES[theme]) :]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block[: block.index("}")]))


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_ratio_is_the_one_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read(theme: str, ink: str, ground: str) -> None:
    known = colours(theme)

    assert contrast(known[ink], known[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["surface", "ground"])
def test_the_outline_of_a_field_can_be_seen(theme: str, ground: str) -> None:
    known = colours(theme)

    assert contrast(known["line-strong"], known[ground]) >= 3


def test_dark_is_the_same_whether_chosen_or_the_systems() -> None:
    assert colours("dark") == colours("system, dark")

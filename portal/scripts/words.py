"""States of a script's versions in words, each with its icon and tone."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.cases.words import Word
from workflows.scripting.library.models import ScriptVersion

VERSION: dict[str, Word] = {
    ScriptVersion.State.DRAFT: Word(_("Draft"), "pen-line", "info"),
    ScriptVersion.State.PUBLISHED: Word(_("In force"), "circle-check", "ok"),
    ScriptVersion.State.RETIRED: Word(_("Retired"), "history"),
}

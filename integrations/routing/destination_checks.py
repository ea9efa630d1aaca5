"""What a destination must be before it is kept: whatever will not do is told at its field, all at once."""

from __future__ import annotations

from django.utils.text import slugify
from django.utils.translation import gettext as _

from common.errors import InvalidInput
from integrations.routing.models import Destination
from integrations.routing.targets.base import check_all, target_of

MOST_SENDERS = 16
LONGEST_TEXT = 1_000


def check_destination(destination: Destination) -> None:
    """Raises InvalidInput with `fields` unless the destination can be kept and sent to."""
    if destination.kind not in Destination.Kind.values:
        raise _refusal("kind", _("There is no such kind."), "BAD_KIND")
    check_all(
        lambda: _check_name(destination.name),
        lambda: _check_slug("key", destination.key, is_needed=True),
        lambda: _check_slug("group", destination.group, is_needed=False),
        lambda: _check_senders(destination.maximum_senders),
        lambda: _check_configuration(destination),
    )


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > 120 or "\0" in name:
        raise _refusal("name", _("A name of at most 120 characters is needed."), "BAD_NAME")


def _check_slug(field: str, text: str, *, is_needed: bool) -> None:
    if not text and not is_needed:
        return
    if not text or slugify(text) != text or len(text) > 64:
        problem = _("Small letters, digits and hyphens only, at most 64.")
        raise _refusal(field, problem, f"BAD_{field.upper()}")


def _check_senders(count: int) -> None:
    if not 1 <= count <= MOST_SENDERS:
        problem = _("From 1 to %(most)s.") % {"most": MOST_SENDERS}
        raise _refusal("maximum_senders", problem, "BAD_SENDERS")


def _check_configuration(destination: Destination) -> None:
    """Only what the kind knows is kept: nobody's password under a name of its own."""
    target = target_of(destination.kind)
    for name, value in destination.configuration.items():
        if name not in target.settings:
            raise _refusal(name, _("This kind of destination has no such setting."), "SETTING_UNKNOWN")
        if not isinstance(value, str | bool) or len(str(value)) > LONGEST_TEXT or "\0" in str(value):
            raise _refusal(name, _("A text is needed here."), "BAD_SETTING")
    target.check(destination)


def _refusal(field: str, problem: str, code: str) -> InvalidInput:
    return InvalidInput(problem, code=code, fields={field: problem})

"""Small words for templates: icons, times, names in the reader's language."""

from __future__ import annotations

import datetime as dt

from babel import Locale
from babel.dates import format_timedelta
from django import template
from django.templatetags.static import static
from django.utils import formats, timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from common import clock
from portal.integration.words import incident_words
from portal.shell.names import actor_in_words, in_language, name_of

register = template.Library()
register.filter("named", name_of)
register.filter("worded", in_language)
register.filter("acting", actor_in_words)
register.filter("incident_words", incident_words)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite: silent beside its word, or standing alone with a label."""
    href = f"{static('portal/dist/icons.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', href)


@register.filter
def role_name(role: str) -> str:
    """A role in words."""
    return str(Role(role).label) if role in Role.values else role


@register.simple_tag
def ago(moment: dt.datetime | None) -> SafeString | str:
    """A moment as people say it, "3 minutes ago" or "in 2 hours", its date and time in the tooltip."""
    if moment is None:
        return ""
    absolute = formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT")
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>', moment.isoformat(), absolute, relative(moment)
    )


@register.filter
def since(moment: dt.datetime) -> str:
    """A moment as people say it, within a sentence."""
    return relative(moment)


@register.filter
def absolute(moment: dt.datetime) -> str:
    """A moment as date and time, for a tooltip."""
    return str(formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT"))


@register.simple_tag
def moment(at: dt.datetime | None) -> SafeString | str:
    """A moment as date and time, by locale."""
    if at is None:
        return ""
    text = formats.date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), text)


def relative(moment: dt.datetime) -> str:
    """The distance from now in words of the language in use."""
    locale = Locale.parse(translation.to_locale(translation.get_language() or "en"))
    return format_timedelta(moment - clock.now(), add_direction=True, format="short", locale=locale)


@register.filter
def sex_name(sex: str) -> str:
    """Administrative sex in words."""
    words = {"F": _("Female"), "M": _("Male"), "O": _("Other sex")}
    return str(words.get(sex, _("Sex unknown")))


@register.filter
def age(birth_date: dt.date | None) -> int | None:
    """Completed years since birth."""
    if birth_date is None:
        return None
    today = timezone.localdate(clock.now())
    return today.year - birth_date.year - ((today.month, today.day) < (birth_date.month, birth_date.day))

"""What an element may be."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workflows.checks.problems import Problem
from workflows.diagram import Diagram

_REFUSED_KINDS = {
    "adHocSubProcess": gettext_lazy("An ad-hoc subprocess is not supported"),
    "complexGateway": gettext_lazy("A complex gateway is not supported"),
}
REFUSED_WORDS: dict[str, str] = {}


def check_kinds(diagram: Diagram) -> Iterator[Problem]:
    for word, element_id in diagram.foreign:
        yield Problem(element_id, _("%(word)s is not supported") % {"word": word})
    for element in diagram.elements.values():
        if not element.id:
            yield Problem(element.name or element.kind, _("has no id"))
        if element.kind in _REFUSED_KINDS:
            yield Problem(element.id, str(_REFUSED_KINDS[element.kind]))
        for word, message in REFUSED_WORDS.items():
            if word in element.words:
                yield Problem(element.id, message)

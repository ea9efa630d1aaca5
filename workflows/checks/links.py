"""Link events: every throw has its catch, every catch its throw.

Reference  BPMN 2.0.2 §10.5.5 (Link): one target and any number of sources of a name, in one scope
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.utils.translation import gettext as _

from workflows.checks.problems import Problem
from workflows.diagram import Diagram


def check_links(diagram: Diagram) -> Iterator[Problem]:
    links = [
        (element, trigger.name)
        for element in diagram.elements.values()
        if (trigger := element.trigger("link"))
    ]
    catches = Counter((element.parent, name) for element, name in links if not element.throws)
    throws = {(element.parent, name) for element, name in links if element.throws}
    for element, name in links:
        if element.throws and not catches[element.parent, name]:
            yield Problem(element.id, _("No link event of its scope catches %(name)s") % {"name": name})
        if not element.throws and (element.parent, name) not in throws:
            yield Problem(element.id, _("No link event of its scope throws %(name)s") % {"name": name})
        if not element.throws and catches[element.parent, name] > 1:
            yield Problem(
                element.id, _("Several link events catch %(name)s; there can be one") % {"name": name}
            )
        if element.throws and diagram.outgoing(element.id):
            yield Problem(element.id, _("A link goes on at its catch; no flow leaves its throw"))
        if not element.throws and diagram.incoming(element.id):
            yield Problem(element.id, _("A link is caught, not flowed into"))

"""Data objects and the associations that read and write them. A data store is only shown, and so is a line to it.

Reference  BPMN 2.0.2 §10.4.1
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.utils.translation import gettext as _

from workflows.checks.problems import Problem, check_optional
from workflows.diagram import Diagram, Element
from workflows.diagram.data import DataLink

_EXCHANGING = {
    "task", "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "subProcess",
    "callActivity",
}  # fmt: skip
_ASSOCIATIONS = {"dataInputAssociation", "dataOutputAssociation"}


def check_data_objects(diagram: Diagram) -> Iterator[Problem]:
    for reference in diagram.dangling_references:
        yield Problem(reference, _("The reference leads to no data object"))
    taken = Counter((each.scope, each.variable) for each in diagram.data_objects.values())
    for each in diagram.data_objects.values():
        if not each.variable.isidentifier():
            yield Problem(each.id, _("A data object needs a name of letters, digits and underscores"))
        elif taken[each.scope, each.variable] > 1:
            yield Problem(
                each.id,
                _("Two data objects are called %(variable)s; draw two references to one")
                % {"variable": each.variable},
            )


def check_data_associations(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        if element.kind not in _EXCHANGING:
            if _ASSOCIATIONS & element.words:
                yield Problem(
                    element.id,
                    _("A data association is not supported here, at the %(kind)s") % {"kind": element.kind},
                )
            continue
        for link in element.reads:
            yield from _check_link(element, link)
        for link in element.writes:
            yield from _check_link(element, link)
            if not link.object_id and not link.store:
                yield Problem(element.id, _("A data output association leads to no data object"))


def _check_link(element: Element, link: DataLink) -> Iterator[Problem]:
    if link.is_only_drawn:
        return  # told by `remarks`
    if link.store:
        yield Problem(
            element.id,
            _("No data go to or from the data store %(store)s by themselves; a service task brings them")
            % {"store": " ".join(link.store.split())},
        )
        return
    if link.has_assignment:
        yield Problem(
            element.id, _("An assignment in a data association is not supported; use a transformation")
        )
    elif not link.object_id and not link.expression:
        yield Problem(element.id, _("A data association begins or ends at no data object"))
    elif not link.is_clear:
        yield Problem(
            element.id, _("A data association of several sources needs a transformation that makes one value")
        )
    elif not link.variable:
        yield Problem(element.id, _("A data association gives its value no name"))
    yield from check_optional(element.id, link.expression, what=_("transformation"))

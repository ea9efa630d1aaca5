"""Loop markers: what repeats, how often, over what.

Reference  BPMN 2.0.2 §10.3.8
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from workflows.checks.problems import Problem, check_optional
from workflows.diagram import Diagram, Element
from workflows.diagram.loops import MultiInstance, StandardLoop

_REPEATABLE = {
    "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "subProcess", "callActivity",
}  # fmt: skip


def check_loops(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        if element.loop is None:
            continue
        if element.kind not in _REPEATABLE:
            yield Problem(
                element.id, _("A loop marker on a %(kind)s is not supported") % {"kind": element.kind}
            )
        elif {"standardLoopCharacteristics", "multiInstanceLoopCharacteristics"} <= element.words:
            yield Problem(element.id, _("An activity has one loop marker"))
        elif isinstance(element.loop, StandardLoop):
            yield from _check_standard(element, element.loop)
        else:
            yield from _check_multi_instance(element, element.loop)


def _check_standard(element: Element, loop: StandardLoop) -> Iterator[Problem]:
    if not loop.condition and not loop.maximum:
        yield Problem(element.id, _("The loop has neither a condition nor a maximum"))
    if loop.maximum and not (loop.maximum.isascii() and loop.maximum.isdigit() and int(loop.maximum) > 0):
        yield Problem(element.id, _("The loop's maximum is a whole number, 1 or more"))
    yield from check_optional(element.id, loop.condition, what=_("loop condition"))


def _check_multi_instance(element: Element, loop: MultiInstance) -> Iterator[Problem]:
    if bool(loop.cardinality) == bool(loop.collection):
        yield Problem(element.id, _("Instances are made for a number or for a collection: name one of them"))
    yield from check_optional(element.id, loop.cardinality, what=_("loop cardinality"))
    yield from check_optional(element.id, loop.collection, what=_("loop collection"))
    yield from check_optional(element.id, loop.condition, what=_("completion condition"))
    if bool(loop.output) != bool(loop.output_item):
        yield Problem(element.id, _("An output collection and an output item go together"))
    for name in filter(None, (loop.item, loop.output, loop.output_item)):
        if not name.isidentifier():
            yield Problem(
                element.id,
                _("The name of a variable is letters, digits and underscores: %(name)s") % {"name": name},
            )
    if loop.item and not loop.collection:
        yield Problem(element.id, _("An input item needs a collection"))
    if loop.behavior != "All":
        yield Problem(element.id, _("Events thrown by instances are not supported"))

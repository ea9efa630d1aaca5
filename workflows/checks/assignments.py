"""Who does a step, with what: operators, forms, lanes."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from accounts.models import Role
from workflows.checks.problems import Problem, check_expression, check_optional
from workflows.checks.timers import check_timing
from workflows.diagram import Diagram, Element
from workflows.service_tasks import EXTERNAL, find_operator


def check_service_tasks(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        if element.kind != "serviceTask":
            continue
        operator = element.extension("operator", "name")
        if not operator:
            yield Problem(element.id, _("The service task names no operator"))
        elif find_operator(operator) is None:
            yield Problem(element.id, _("There is no operator %(operator)s") % {"operator": operator})
        elif (operator == EXTERNAL) is not bool(element.extension("operator", "topic")):
            yield Problem(
                element.id,
                _("A topic belongs to the operator %(external)s, and only to it") % {"external": EXTERNAL},
            )
        for name, text in element.arguments.items():
            yield from check_expression(element.id, text, what=_("argument %(name)s") % {"name": name})


def check_user_tasks(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        if element.kind not in {"userTask", "manualTask"}:
            continue
        if element.kind == "userTask" and not element.extension("form", "name"):
            yield Problem(element.id, _("The user task names no form"))
        yield from _check_lane(element)
        due = element.extension("form", "due")
        if due:
            yield from check_timing(element.id, due, what="due")
        for name in ("person", "candidates"):
            yield from check_optional(element.id, element.extension("form", name), what=name)
        for role in element.extension("form", "roles").split():
            if role not in Role.values:
                yield Problem(
                    element.id, _("The form names a role that does not exist: %(role)s") % {"role": role}
                )


def _check_lane(element: Element) -> Iterator[Problem]:
    lane = element.lane
    if lane is None:
        yield Problem(element.id, _("It stands in no lane, which would say whose task it is"))
    elif lane.role not in Role.values:
        yield Problem(element.id, _("The lane gives no role: %(where)s") % {"where": lane.name})
    elif not lane.site:
        yield Problem(element.id, _("The lane gives no site: %(name)s") % {"name": lane.name})


def check_lanes(diagram: Diagram) -> Iterator[Problem]:
    for lane in diagram.lanes:
        yield from check_optional(lane.id, lane.site, what="site")
        yield from check_optional(lane.id, lane.person, what="person")
    for start in diagram.starts:
        for name in ("when", "key", "site"):
            yield from check_optional(start.id, start.extension("start", name), what=name)

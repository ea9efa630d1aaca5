"""How elements are joined: starts, flows, ends, gateways."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from workflows.checks.boundaries import ACTIVITIES
from workflows.checks.problems import Problem, check_expression
from workflows.diagram import Diagram, Element, Flow

_GATEWAYS = {"exclusiveGateway", "inclusiveGateway"}
_CONDITIONED = ACTIVITIES | _GATEWAYS
_BEGINS = {"startEvent", "boundaryEvent"}
"""What happens, and is not reached (BPMN 2.0.2 §10.5.2, §10.5.4)."""


def check_starts(diagram: Diagram) -> Iterator[Problem]:
    """A process may begin at any of several start events; a subprocess has one."""
    if not diagram.starts:
        yield Problem(diagram.key, _("A process has a start event"))
    for each in [each for each in diagram.starts if not each.triggers][1:]:
        yield Problem(each.id, _("Of several start events one at most waits for nothing"))
    for owner in diagram.elements.values():
        if owner.kind not in {"subProcess", "transaction"} or owner.id in diagram.unmarked_scopes:
            continue
        starts = [e for e in diagram.elements.values() if e.kind == "startEvent" and e.parent == owner.id]
        if len(starts) != 1:
            yield Problem(owner.id, _("There must be exactly one start event"))


def check_flows(diagram: Diagram) -> Iterator[Problem]:
    for flow in diagram.flows:
        source, target = diagram.elements.get(flow.source), diagram.elements.get(flow.target)
        if source is None or target is None:
            yield Problem(flow.id, _("The flow leads from or to nothing"))
            continue
        if target.kind in _BEGINS:
            yield Problem(flow.id, _("No flow leads to a %(kind)s") % {"kind": target.kind})
        if source.parent != target.parent:  # BPMN 2.0.2 §7.6.1
            yield Problem(flow.id, _("A flow does not cross the border of a subprocess"))
        if flow.condition:
            if source.kind not in _CONDITIONED:
                yield Problem(flow.id, _("A flow out of a %(kind)s has no condition") % {"kind": source.kind})
            elif len(diagram.outgoing(source.id)) == 1 and not source.kind.endswith("Gateway"):
                yield Problem(flow.id, _("A flow with a condition is not the only one out of an activity"))
            yield from check_expression(flow.id, flow.condition)


def check_joins(diagram: Diagram) -> Iterator[Problem]:
    """A join knows its tokens by the element they come from, not by the flow (BPMN 2.0.2 §13.4.1, §13.4.3)."""
    for element in diagram.elements.values():
        if element.kind not in {"parallelGateway", "inclusiveGateway"}:
            continue
        seen: set[str] = set()
        for flow in diagram.incoming(element.id):
            if flow.source in seen:
                yield Problem(
                    flow.id,
                    _(
                        "Another flow leads from %(source)s to %(id)s already, and the join could not tell them apart"
                    )
                    % {"source": flow.source, "id": element.id},
                )
            seen.add(flow.source)


def check_ends(diagram: Diagram) -> Iterator[Problem]:
    reached = _reachable(diagram)
    for element in diagram.elements.values():
        if element.stands_apart:
            continue
        outgoing = diagram.outgoing(element.id)
        if element.kind == "endEvent":
            if outgoing:
                yield Problem(element.id, _("Nothing follows an end event"))
        elif (
            not outgoing and element.id not in diagram.links and element.parent not in diagram.unmarked_scopes
        ):
            yield Problem(element.id, _("A dead end: nothing follows, and it is no end event"))
        elif len(outgoing) > 1 and element.kind in _CONDITIONED - _GATEWAYS:
            yield from _check_fork(element, outgoing)
        if element.id not in reached:
            yield Problem(element.id, _("Nothing leads here"))


def _check_fork(element: Element, outgoing: list[Flow]) -> Iterator[Problem]:
    """Several flows out of an activity: each without a condition is taken, so none can be left for a default."""
    others = [flow for flow in outgoing if flow.id != element.default_flow]
    if element.default_flow and len(others) == len(outgoing):
        yield Problem(element.id, _("The default flow does not leave it"))
    elif element.default_flow and not all(flow.condition for flow in others):
        yield Problem(element.id, _("A default flow stands beside flows with conditions only; use a gateway"))


def check_gateways(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        outgoing = diagram.outgoing(element.id)
        if element.kind not in _GATEWAYS or len(outgoing) < 2:
            continue
        if element.default_flow and element.default_flow not in {flow.id for flow in outgoing}:
            yield Problem(element.id, _("The gateway's default flow does not leave it"))
        for flow in outgoing:
            if not flow.condition and flow.id != element.default_flow:
                yield Problem(flow.id, _("A flow out of a gateway needs a condition, or is the default"))


def _reachable(diagram: Diagram) -> set[str]:
    seen = {e.id for e in diagram.elements.values() if e.kind == "startEvent"}
    seen |= {e.id for e in (*diagram.starts, *diagram.first_gateways)}
    seen |= {e.id for scope in diagram.unmarked_scopes for e in diagram.begins_in(scope)}
    waiting = list(seen)
    while waiting:
        here = waiting.pop()
        attached = [e.id for e in diagram.elements.values() if e.attached_to == here]
        linked = [diagram.links[here]] if here in diagram.links else []
        for following in (*(flow.target for flow in diagram.outgoing(here)), *attached, *linked):
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return seen

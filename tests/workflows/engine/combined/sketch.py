"""Blocks as BPMN. Every piece has one way in and one way out; a piece without a way out has ended its token."""

from __future__ import annotations

from itertools import pairwise

from tests.workflows.conftest import bpmn, chain, flow, user
from tests.workflows.engine.combined.blocks import (
    Again,
    Block,
    Catch,
    Exclusive,
    Finish,
    Guard,
    Link,
    Parallel,
    Race,
    Repeated,
    Scope,
    Sequence,
    Tell,
    Undo,
    Work,
)
from tests.workflows.engine.drawing import (
    TRIGGERS,
    boundary,
    catch,
    end,
    event_subprocess,
    marked,
    multi,
    subprocess,
    throw,
    undoable,
)

Piece = tuple[str, str, str]
"""XML, the id of what a flow leads to, and the id of what a flow leads from ("" where the token ends)."""


def draw(process: Scope) -> str:
    """A whole process; its messages are of the catalogue, so that it may be deployed."""
    return bpmn(_inside(process, start="")).replace('name="ResultReady"', 'name="SeriesComplete"')


def items_within(block: Block, around: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """Of each element that waits, the variables that tell in which instances of repeated scopes it does."""
    if isinstance(block, Scope | Repeated) and block.marker in {"parallel", "sequential"}:
        around = (*around, f"{block.name}_item")
    found = dict.fromkeys((*_handlers(block), *_waiting(block)), around)
    for part in _parts(block):
        found |= items_within(part, around)
    return found


def _handlers(block: Block) -> tuple[str, ...]:
    """What undoes a block stands beside it, and knows the item of the instance it undoes."""
    return (f"undo-{block.name}",) if isinstance(block, Work | Repeated | Scope) and block.has_undo else ()


def _waiting(block: Block) -> tuple[str, ...]:
    """What waits of a block itself. The event at the edge of a repeated scope stands outside of it."""
    match block:
        case Work(name) | Repeated(name) | Catch(name) | Guard(name):
            return (name,)
        case Again(name):
            return (f"{name}_again",)
        case Scope(name):
            return (f"{name}_on-start",)
    return ()


def _parts(block: Block) -> tuple[Block, ...]:  # noqa: PLR0911 - one case a kind of block
    match block:
        case Sequence(parts) | Exclusive(_, parts):
            return parts
        case Parallel(_, branches, asides):
            return (*branches, *asides)
        case Race(_, branches):
            return tuple(each for pair in branches for each in pair)
        case Guard(_, host, other):
            return (host, other)
        case Again(_, body) | Finish(_, _, body):
            return (body,)
        case Scope(_, body):
            handled = block.on_event.body if block.on_event is not None else None
            return (body, *(each for each in (handled, block.on_undo) if each is not None))
    return ()


def _piece(block: Block) -> Piece:  # noqa: C901, PLR0911, PLR0912 - one case a kind of block
    match block:
        case Work(name, has_undo):
            return undoable(name) if has_undo else user(name), name, name
        case Repeated(name, marker, count):
            activity = marked(user(name), _marker(name, marker, count))
            return undoable(name, activity=activity) if block.has_undo else activity, name, name
        case Catch(name, "receive"):
            return f'<bpmn:receiveTask id="{name}" messageRef="M3"/>', name, name
        case Catch(name, kind):
            drawn = catch(name, _trigger(kind))
            all_of = f' id="{name}" parallelMultiple="true"'
            return drawn.replace(f' id="{name}"', all_of) if kind == "all" else drawn, name, name
        case Link(name):
            link = f'<bpmn:linkEventDefinition name="{name}"/>'
            return throw(f"{name}_out", link) + catch(f"{name}_in", link), f"{name}_out", f"{name}_in"
        case Tell(name):
            return throw(name, "escalation"), name, name
        case Undo(name):
            waits = str(block.waits).lower()
            return throw(name, f'<bpmn:compensateEventDefinition waitForCompletion="{waits}"/>'), name, name
        case Sequence(steps):
            return _sequence(steps)
        case Exclusive():
            return _exclusive(block)
        case Parallel():
            return _parallel(block)
        case Race():
            return _race(block)
        case Again():
            return _again(block)
        case Guard():
            return _guard(block)
        case Scope(name):
            activity = _scope(block)
            return undoable(name, activity=activity) if block.has_undo else activity, name, name
        case Finish(name, kind, after):
            inner, into, out = _piece(after)
            return inner + end(name, kind) + chain(out, name), into, ""


def _sequence(steps: tuple[Block, ...]) -> Piece:
    pieces = [_piece(each) for each in steps]
    xml = "".join(each[0] for each in pieces)
    for (_, _, out), (_, into, _) in pairwise(pieces):
        xml += chain(out, into)
    return xml, pieces[0][1], pieces[-1][2]


def _exclusive(block: Exclusive) -> Piece:
    name = block.name
    last = len(block.branches) - 1
    xml = f'<bpmn:exclusiveGateway id="{name}" default="{name}_{last}"/>'
    outs = []
    for number, branch in enumerate(block.branches):
        inner, into, out = _piece(branch)
        condition = "" if number == last else f"{block.choice} == {number}"
        xml += inner + flow(name, into, condition, f"{name}_{number}")
        outs.append(out)
    return _merge(xml, name, outs, "" if block.bare else "exclusive")


def _merge(xml: str, name: str, outs: list[str], kind: str = "exclusive") -> Piece:
    ways = [out for out in outs if out]
    if not ways:
        return xml, name, ""
    xml += _node(kind, f"{name}_join") + "".join(chain(out, f"{name}_join") for out in ways)
    return xml, name, f"{name}_join"


def _node(kind: str, name: str) -> str:
    """A gateway of a kind, or in the place of one a task that nobody does."""
    return f'<bpmn:{kind}Gateway id="{name}"/>' if kind else f'<bpmn:task id="{name}"/>'


def _parallel(block: Parallel) -> Piece:
    name, kind = block.name, "inclusive" if block.inclusive else "parallel"
    xml = _node("" if block.bare else kind, name)
    outs = []
    for number, branch in enumerate((*block.branches, *block.asides)):
        is_aside = number >= len(block.branches)
        inner, into, out = _piece(branch)
        condition = str(block.is_taken[number]) if block.inclusive else ""
        xml += inner + flow(name, into, condition, f"{name}_{number}")
        if is_aside and out:
            xml += end(f"{name}_{number}_end") + chain(out, f"{name}_{number}_end")
        elif not is_aside:
            outs.append(out)
    return _merge(xml, name, outs, kind)


def _race(block: Race) -> Piece:
    xml = f'<bpmn:eventBasedGateway id="{block.name}"/>'
    outs = []
    for first, rest in block.branches:
        inner, into, out = _sequence((first, rest))
        xml += inner + chain(block.name, into)
        outs.append(out)
    return _merge(xml, block.name, outs)


def _again(block: Again) -> Piece:
    name, ask = block.name, f"{block.name}_again"
    inner, into, out = _sequence((block.body, Work(ask)))
    back = f"{name}_back"
    xml = (
        f'<bpmn:exclusiveGateway id="{name}"/><bpmn:exclusiveGateway id="{name}_ask" default="{back}_out"/>'
        f'<bpmn:exclusiveGateway id="{back}"/>' + inner + chain(name, into) + chain(out, f"{name}_ask")
        + flow(f"{name}_ask", name, f"{name}_more", f"{name}_more_flow") + flow(f"{name}_ask", back, "", f"{back}_out")
    )  # fmt: skip
    return xml, name, back


def _guard(block: Guard) -> Piece:
    host, into, out = _piece(block.host)
    other, first, last = _piece(block.other)
    trigger = _trigger(block.kind)
    xml = host + other + boundary(block.name, into, trigger, interrupts=block.interrupts)
    xml += chain(block.name, first)
    if not block.interrupts:
        if last:
            xml += end(f"{block.name}_end") + chain(last, f"{block.name}_end")
        return xml, into, out
    merge = f"{block.name}_merge"
    xml += f'<bpmn:exclusiveGateway id="{merge}"/>' + chain(out, merge) + (chain(last, merge) if last else "")
    return xml, into, merge


def _trigger(kind: str) -> str:
    if kind in {"any", "all"}:
        return TRIGGERS["message"] + TRIGGERS["timer"]
    return f"any {kind}" if kind in {"error", "escalation"} else kind


def _scope(block: Scope) -> str:
    marker = _marker(block.name, block.marker, block.count) if block.marker else ""
    kind = "transaction" if block.is_transaction else "subProcess"
    return subprocess(block.name, marker + _inside(block, start=f"{block.name}_start"), kind=kind)


def _marker(name: str, marker: str, count: int) -> str:
    if marker == "loop":
        return (
            f'<bpmn:standardLoopCharacteristics loopMaximum="{count}">'
            "<bpmn:loopCondition>True</bpmn:loopCondition></bpmn:standardLoopCharacteristics>"
        )
    return multi(sequential=marker == "sequential", collection=str(list(range(count))), item=f"{name}_item")


def _inside(block: Scope, start: str) -> str:
    inner, into, out = _piece(block.body)
    begin = start or "start"
    xml = (f'<bpmn:startEvent id="{start}"/>' if start else "") + inner + chain(begin, into)
    if out:
        xml += end(f"{block.name}_end", block.last) + chain(out, f"{block.name}_end")
    if block.on_event is not None:
        on = block.on_event
        xml += _on(f"{block.name}_on", _trigger(on.kind), on.body, interrupts=on.interrupts)
    if block.on_undo is not None:
        xml += _on(f"{block.name}_undo", "compensate", block.on_undo)
    return xml


def _on(name: str, trigger: str, what: Block, *, interrupts: bool = True) -> str:
    event, first, last = _piece(what)
    body = event + chain(f"{name}-start", first)
    if last:
        body += end(f"{name}_end") + chain(last, f"{name}_end")
    return event_subprocess(name, trigger, body, interrupts=interrupts)

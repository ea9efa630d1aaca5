"""A data object, and the associations by which activities read and write it, as XML."""

from __future__ import annotations

ORDER = '<bpmn:dataObject id="D1"/><bpmn:dataObjectReference id="R1" name="Study order" dataObjectRef="D1"/>'


def reads(expression="", source="R1", name=""):
    return _link("dataInputAssociation", "sourceRef", source, "dataInput", "targetRef", expression, name)


def writes(expression="", target="R1", name=""):
    return _link("dataOutputAssociation", "targetRef", target, "dataOutput", "sourceRef", expression, name)


def _link(kind, end, reference, parameter, other, expression, name):
    given = (
        f'<bpmn:ioSpecification><bpmn:{parameter} id="P_{name}" name="{name}"/></bpmn:ioSpecification>'
        if name
        else ""
    )
    other_end = f"<bpmn:{other}>P_{name}</bpmn:{other}>" if name else ""
    by = f"<bpmn:transformation>{expression}</bpmn:transformation>" if expression else ""
    ends = f"<bpmn:{end}>{reference}</bpmn:{end}>"
    both = other_end + ends if end == "targetRef" else ends + other_end
    return f"{given}<bpmn:{kind}>{both}{by}</bpmn:{kind}>"

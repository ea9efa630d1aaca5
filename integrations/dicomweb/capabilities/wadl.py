"""The resources as a WADL document, in XML or in JSON.

Reference  PS3.18 Annex H (Capabilities Description), Annex G (WADL JSON representation), W3C WADL (31 August 2009)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from integrations.dicomweb.capabilities.tree import Method, Resource

NAMESPACE = "http://wadl.dev.java.net/2009/02"
Node = dict[str, Any]


def wadl_json(resources: Sequence[tuple[str, Resource]], *, base: str) -> Node:
    """The document in JSON: attributes begin with @, elements that may be repeated are arrays.

    `resources` are those that were asked for, each with its path below the base.
    """
    described = [_resource(path, resource) for path, resource in resources]
    return {"application": {"resources": {"@base": base, "resource": described}}}


def wadl_xml(resources: Sequence[tuple[str, Resource]], *, base: str) -> str:
    """The same document in XML."""
    root = wadl_json(resources, base=base)["application"]
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return head + "".join(_xml("application", {"@xmlns": NAMESPACE} | root))


def _resource(path: str, resource: Resource) -> Node:
    node: Node = {"@path": path.strip("/")}
    named = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    if named:
        node["param"] = [_param(name, "template") for name in named]
    if resource.methods:
        node["method"] = [_method(one) for one in resource.methods]
    if resource.children:
        node["resource"] = [_resource(child.path, child) for child in resource.children]
    return node


def _method(method: Method) -> Node:
    node: Node = {"@name": method.name, "@id": method.id, "doc": [{"@title": f"PS3.18 {method.clause}"}]}
    asked: Node = {}
    params = [_param(name, "query") for name in method.query]
    if method.gives:
        options = [{"@value": str(media)} for media in method.gives]
        accept = {"@name": "Accept", "@style": "header", "@default": str(method.gives[0]), "option": options}
        params.append(accept)
    if method.is_searched:
        params.append({"@name": "{attributeID}", "@style": "query", "@repeating": "true"})
    if params:
        asked["param"] = params
    if method.takes:
        asked["representation"] = [{"@mediaType": str(media)} for media in method.takes]
    if asked:
        node["request"] = [asked]
    node["response"] = [_success(method, status) for status in method.statuses]
    refused = sorted({400, 401, 403, 503, *method.refusals, *([406] if method.gives else [])})
    node["response"].append(
        {"@status": " ".join(map(str, refused)), "representation": [{"@mediaType": "application/json"}]}
    )
    return node


def _success(method: Method, status: int) -> Node:
    node: Node = {"@status": str(status)}
    if method.has_body and status != 204:
        node["representation"] = [{"@mediaType": str(media)} for media in method.gives]
    return node


def _param(name: str, style: str) -> Node:
    return {"@name": name, "@style": style} | ({"@required": "true"} if style == "template" else {})


def _xml(name: str, node: Node) -> Sequence[str]:
    attributes = "".join(
        f" {key[1:]}={quoteattr(value)}" for key, value in node.items() if key.startswith("@")
    )
    parts = [f"<{name}{attributes}>"]
    for key, held in node.items():
        if not key.startswith("@"):
            for child in held if isinstance(held, list) else [held]:
                parts += _xml(escape(key), child)
    return [*parts, f"</{name}>"]

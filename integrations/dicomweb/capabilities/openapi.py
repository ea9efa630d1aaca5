"""The resources as an OpenAPI 3.1 document.

Reference  OpenAPI Specification 3.1.0, PS3.18 §F.2 (the DICOM JSON model as a schema)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from integrations.dicomweb.capabilities.tree import Method, Resource
from integrations.dicomweb.media_types import DICOM_JSON, JSON, WADL, MediaType

Node = dict[str, Any]
_UID = {"type": "string", "pattern": r"^[0-9.]{1,64}$"}
_PARTS: dict[str, Node] = {
    "study": _UID,
    "series": _UID,
    "instance": _UID,
    "workitem": _UID,
    "frames": {"type": "string", "pattern": r"^[1-9][0-9]{0,3}(,[1-9][0-9]{0,3}){0,4}$"},
    "bulkdata": {"type": "string", "pattern": r"^[0-9A-F]{8}$"},
    "aetitle": {"type": "string", "pattern": r"^[A-Z0-9_]{1,16}$"},
}
_FLAG = {"type": "string", "enum": ["true", "false"]}
_QUERY: dict[str, Node] = {
    "limit": {"type": "integer", "minimum": 0, "maximum": 10_000_000},
    "offset": {"type": "integer", "minimum": 0, "maximum": 10_000_000},
    "fuzzymatching": _FLAG,
    "deletionlock": _FLAG,
    "includefield": {"type": "string", "examples": ["all", "00081030"]},
    "workitem": _UID,
    "transaction-uid": _UID,
}
_MAY_BE_REFUSED = (400, 401, 403, 503)


def openapi(resources: Sequence[Resource], *, base: str) -> Node:
    """The document; `base` is the address of the service."""
    paths: dict[str, Node] = {"/": {"options": _capabilities()}}
    for top in resources:
        for path, resource in top.walk():
            if resource.methods:
                paths[path] = _path(path, resource)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Consilium DICOMweb",
            "version": "PS3.18",
            "description": "DICOM PS3.18 chapters 10 and 11",
        },
        "servers": [{"url": base}],
        "security": [{"token": []}, {"basic": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _path(path: str, resource: Resource) -> Node:
    named = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    node: Node = {method.name.lower(): _operation(method) for method in resource.methods}
    if named:
        node["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": _PARTS[name]} for name in named
        ]
    return node


def _capabilities() -> Node:
    """What every resource answers besides, told once: of the base URI."""
    refused = {str(status): _refusal(status) for status in (*_MAY_BE_REFUSED, 406)}
    told = {"description": "The resources and their methods", "content": {WADL.type: {}, JSON.type: {}}}
    return {
        "operationId": "RetrieveCapabilities",
        "summary": "PS3.18 §8.9",
        "responses": {"200": told, **refused},
    }


def _operation(method: Method) -> Node:
    node: Node = {"operationId": method.id, "summary": f"PS3.18 {method.clause}"}
    if method.query:
        node["parameters"] = [
            {"name": name, "in": "query", "schema": _QUERY.get(name, {"type": "string"})}
            for name in method.query
            if name != "accept"
        ]
    if method.takes:
        node["requestBody"] = {"content": {str(media): _content(media) for media in method.takes}}
    responses = {str(status): _success(method, status) for status in method.statuses}
    refused = {*_MAY_BE_REFUSED, *method.refusals, *([406] if method.gives else [])}
    node["responses"] = responses | {str(status): _refusal(status) for status in sorted(refused)}
    return node


def _success(method: Method, status: int) -> Node:
    node: Node = {"description": "Success" if status != 204 else "No match"}
    if method.has_body and status != 204:
        node["content"] = {media.type: _content(media) for media in method.gives}
    return node


def _refusal(status: int) -> Node:
    schema = {"$ref": "#/components/schemas/StatusReport"}
    report: Node = {JSON.type: {"schema": schema}}
    if status == 409:  # a store of which everything failed tells so of each instance (§10.5.3)
        report[DICOM_JSON.type] = {}
    return {"description": f"Refused ({status})", "content": report}


def _content(media: MediaType) -> Node:
    if media.type in {DICOM_JSON.type, JSON.type}:
        return {"schema": {"$ref": "#/components/schemas/DataSets"}}
    return {}


def _schemas() -> Node:
    element: Node = {
        "type": "object",
        "required": ["vr"],
        "properties": {
            "vr": {"type": "string", "pattern": "^[A-Z]{2}$"},
            "Value": {"type": "array"},
            "BulkDataURI": {"type": "string"},
            "InlineBinary": {"type": "string"},
        },
        "additionalProperties": False,
    }
    data_set: Node = {
        "type": "object",
        "patternProperties": {"^[0-9A-F]{8}$": {"$ref": "#/components/schemas/Element"}},
        "additionalProperties": False,
    }
    report: Node = {
        "type": "object",
        "required": ["code", "message"],
        "properties": {
            "code": {"type": "string"},
            "message": {"type": "string"},
            "fields": {"type": "object"},
        },
    }
    one_or_many = {
        "anyOf": [
            {"$ref": "#/components/schemas/DataSet"},
            {"type": "array", "items": {"$ref": "#/components/schemas/DataSet"}},
        ]
    }
    return {"Element": element, "DataSet": data_set, "DataSets": one_or_many, "StatusReport": report}

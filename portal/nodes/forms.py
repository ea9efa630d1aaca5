"""The form of a node: what was typed stays as it was typed, and each refusal stands beside its field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from accounts.models import Person
from accounts.privileges import Privilege
from integrations.dicom.models import AERole, ApplicationEntity, SliceInterest, sender_roles
from integrations.dicom.nodes.quirks import Quirk
from portal.site_forms import SiteForm, sites_offered

_TEXTS = (
    "ae_title",
    "description",
    "host",
    "port",
    "character_set",
    "takes",
    "maximum_associations",
    "timeout_s",
)
_LINES = ("allowed_addresses", "certificate_fingerprints")
_CHOICES = ("roles", "quirks")
_FLAGS = ("use_tls", "is_enabled")
_WINDOW = ("from", "to", "instances_per_hour", "megabytes_per_hour")
LEAST_WINDOWS = 2


@dataclass(slots=True)
class NodeForm(SiteForm):
    """What is typed of a node; `windows` are its limits by time of day, a row each."""

    windows: list[dict[str, Any]] = field(kw_only=True)

    @property
    def roles(self) -> list[tuple[str, Any]]:
        return list(AERole.choices)

    @property
    def quirks(self) -> list[tuple[str, Any]]:
        return list(Quirk.choices)

    @property
    def interests(self) -> list[tuple[str, Any]]:
        return list(SliceInterest.choices)


def blank_form(person: Person) -> NodeForm:
    """A node that is not there yet, as most are: it sends to us."""
    node = ApplicationEntity(roles=sender_roles())
    return form_of(node, person)


def form_of(node: ApplicationEntity, person: Person) -> NodeForm:
    """The node as it is."""
    values: dict[str, Any] = {name: getattr(node, name) for name in (*_TEXTS, *_CHOICES, *_FLAGS)}
    values |= {name: "\n".join(getattr(node, name)) for name in _LINES}
    values["site"] = node.site.code if node.site_id else ""
    return NodeForm(values, sites_offered(person, Privilege.MANAGE_NODES), windows=_padded(list(node.limits)))


def typed_form(post: QueryDict, person: Person) -> NodeForm:
    """What was typed, as it was typed."""
    values: dict[str, Any] = {name: post.get(name, "") for name in (*_TEXTS, *_LINES, "site")}
    values |= {name: post.getlist(name) for name in _CHOICES}
    values |= {name: name in post for name in _FLAGS}
    columns = [post.getlist(f"limit_{name}") for name in _WINDOW]
    rows = [dict(zip(_WINDOW, row, strict=True)) for row in zip(*columns, strict=False)]
    windows = _padded([row for row in rows if any(row.values())])
    return NodeForm(values, sites_offered(person, Privilege.MANAGE_NODES), windows=windows)


def values_of(form: NodeForm) -> dict[str, Any]:
    """What the service is asked to keep."""
    values = {name: form.values[name] for name in (*_TEXTS, *_CHOICES, *_FLAGS)}
    values |= {name: form.values[name].split() for name in _LINES}
    values["limits"] = [window for window in form.windows if any(window.values())]
    return values


def _padded(windows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The windows with an empty row to add one, and no fewer rows than a form should start with."""
    return windows + [{} for _row in range(max(1, LEAST_WINDOWS - len(windows)))]

"""The form of a destination: what was typed stays as it was typed, and each refusal stands beside its field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import Person, Site
from common.errors import InvalidInput, ServiceError
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes.selectors import visible_nodes
from integrations.routing.access import manages_region
from integrations.routing.models import Destination
from integrations.routing.selectors import sites_managed
from portal.routing.destination_fields import ICON, MEANING, SETTINGS, Field

_TEXTS = ("name", "key", "site", "node", "group", "maximum_senders")
_FIELD_OF_CODE = {"DESTINATION_EXISTS": "key", "NODE_HAS_DESTINATION": "node"}


@dataclass(frozen=True, slots=True)
class ShownField:
    """A setting of the kind with what was typed and what is wrong with it."""

    asked: Field
    value: Any
    error: str


@dataclass(slots=True)
class DestinationForm:
    """The values as the page shows them, and what is wrong with them by field."""

    kind: str
    values: dict[str, Any]
    sites: list[Site]
    nodes: list[ApplicationEntity]
    may_be_regions: bool
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def kinds(self) -> list[tuple[str, Any, str]]:
        return [(value, label, ICON[value]) for value, label in Destination.Kind.choices]

    @property
    def meaning(self) -> Any:
        return MEANING[self.kind]

    @property
    def settings(self) -> list[ShownField]:
        return [
            ShownField(one, self.values.get(one.name, ""), self.errors.get(one.name, ""))
            for one in SETTINGS[self.kind]
        ]

    @property
    def carried(self) -> list[tuple[str, Any]]:
        """What was typed for another kind: the page holds it for the person who comes back to that kind."""
        shown = {one.name for one in SETTINGS[self.kind]}
        others = {one.name for fields in SETTINGS.values() for one in fields} - shown
        others |= {"node"} if self.kind != Destination.Kind.DIMSE else set()
        return [(name, self.values[name]) for name in sorted(others) if self.values.get(name)]

    @property
    def unplaced(self) -> list[str]:
        """Refusals of what the page shows no field for."""
        shown = {*_TEXTS, *(one.name for one in SETTINGS[self.kind])}
        return [told for name, told in self.errors.items() if name not in shown]

    def refuse(self, refusal: ServiceError) -> DestinationForm:
        """The form with what was wrong beside its fields."""
        fields = refusal.fields if isinstance(refusal, InvalidInput) else {}
        self.errors = fields or {_FIELD_OF_CODE.get(refusal.code, ""): refusal.message}
        return self


def blank_form(kind: str, person: Person) -> DestinationForm:
    """A destination that is not there yet."""
    form = _form(kind, {"maximum_senders": "2"}, person)
    if not form.may_be_regions and len(form.sites) == 1:
        form.values["site"] = form.sites[0].code
    return form


def form_of(destination: Destination, person: Person) -> DestinationForm:
    """The destination as it is."""
    values = {
        "name": destination.name,
        "key": destination.key,
        "site": destination.site.code if destination.site else "",
        "node": str(destination.node_id or ""),
        "group": destination.group,
        "maximum_senders": str(destination.maximum_senders),
        **destination.configuration,
    }
    return _form(destination.kind, values, person, destination)


def typed_form(
    post: QueryDict, person: Person, *, kind: str, destination: Destination | None = None
) -> DestinationForm:
    """What was typed, as it was typed; also what another kind was asked, should the person come back to it."""
    values: dict[str, Any] = {name: post.get(name, "").replace("\0", "") for name in _TEXTS}
    for one in {asked.name: asked for fields in SETTINGS.values() for asked in fields}.values():
        is_flag = one.widget == "flag"
        values[one.name] = one.name in post if is_flag else post.get(one.name, "").replace("\0", "")
    if destination is not None:
        values |= {"key": destination.key, "site": destination.site.code if destination.site else ""}
    return _form(kind, values, person, destination)


def facts_of(form: DestinationForm) -> dict[str, Any]:
    """What the service is asked to keep, but for what is fixed once a destination is there.

    Raises  InvalidInput beside the field.
    """
    typed = form.values
    senders = typed["maximum_senders"].strip()
    if not senders.isdecimal() or len(senders) > 4:
        raise _refusal("maximum_senders", _("A whole number is needed here."))
    facts: dict[str, Any] = {
        "name": typed["name"].strip(),
        "group": typed["group"].strip(),
        "maximum_senders": int(senders),
        "configuration": _configuration(form),
    }
    if form.kind == Destination.Kind.DIMSE:
        facts["node"] = next((one for one in form.nodes if str(one.pk) == typed["node"]), None)
    return facts


def site_of(form: DestinationForm) -> Site | None:
    """The site that was chosen; None for the region. Raises InvalidInput beside the field."""
    code = form.values["site"]
    if not code and form.may_be_regions:
        return None
    site = next((one for one in form.sites if one.code == code), None)
    if site is None:
        raise _refusal("site", _("Choose one of your sites."))
    return site


def _configuration(form: DestinationForm) -> dict[str, Any]:
    typed = {
        one.name: value.strip() if isinstance(value := form.values.get(one.name, ""), str) else value
        for one in SETTINGS[form.kind]
    }
    return {name: value for name, value in typed.items() if value}


def _form(
    kind: str, values: dict[str, Any], person: Person, destination: Destination | None = None
) -> DestinationForm:
    nodes = _nodes(person, destination) if kind == Destination.Kind.DIMSE else []
    sites = list(sites_managed(person).order_by("code"))
    return DestinationForm(kind, values, sites, nodes, manages_region(person))


def _nodes(person: Person, destination: Destination | None) -> list[ApplicationEntity]:
    """Nodes that can be called and have no other destination; the destination's own, whoever manages it."""
    own = destination.node if destination is not None else None
    free = visible_nodes(person).exclude(host="").filter(destinations=None).order_by("ae_title")
    return [*([own] if own is not None else []), *free]


def _refusal(name: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, code="BAD_FIELD", fields={name: sentence})

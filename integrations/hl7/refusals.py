"""Refusals that only HL7 knows, and where in a message a refusal of ours points."""

from __future__ import annotations

from common.errors import InvalidInput, NotFound, ServiceError

FIELD_MISSING = "FIELD_MISSING"
SEGMENT_MISSING = "SEGMENT_MISSING"
SEVERAL_ORDERS = "SEVERAL_ORDERS"
DATA_TYPE = "DATA_TYPE"
VALUE_UNKNOWN = "VALUE_UNKNOWN"
MAPPING_REFUSED = "MAPPING_REFUSED"

# What services call a thing, as a place in the messages that carry it.
LOCATIONS = {
    "identifiers": "PID-3",
    "placer_order_number": "ORC-2",
    "accession_number": "IPC-1",
    "requested_procedure_id": "IPC-2",
    "study_instance_uid": "IPC-3",
    "modality": "IPC-5",
    "station_ae_title": "IPC-9",
    "procedure_code": "OBR-4",
    "procedure_description": "OBR-4",
}


class UnknownKey(NotFound):
    """A key in the message names nothing we hold; `fields` says which."""

    default_code = "UNKNOWN_KEY"

    def __init__(self, message: str, *, location: str, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.fields = {location: message}


def missing(location: str) -> InvalidInput:
    """The refusal of a message that lacks a required field."""
    return InvalidInput(
        f"{location} is required.", code=FIELD_MISSING, fields={location: "This field is required."}
    )


def unknown_value(location: str, *, expected: str) -> InvalidInput:
    """The refusal of a value that is not in the table of its field."""
    return InvalidInput(
        f"{location} holds a value that is not supported; expected {expected}.",
        code=VALUE_UNKNOWN,
        fields={location: f"Expected {expected}."},
    )


def location_of(error: ServiceError) -> str:
    """The place a refusal points at, such as PID-3; "" where it points at none."""
    fields: dict[str, str] = getattr(error, "fields", {})
    first = next(iter(fields), "")
    return LOCATIONS.get(first, first)

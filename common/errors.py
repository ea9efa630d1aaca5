"""The one error family: raised by services, translated once by each edge (REST, DIMSE, HL7, BPMN)."""

from __future__ import annotations


class ServiceError(Exception):
    """A refusal that a service foresees and an edge can put in its protocol's own words.

    `code` is stable and safe to log; `message` is for people and never holds patient data;
    `permanent` tells whether trying again can help.
    """

    default_code = "SERVICE_ERROR"
    permanent = True

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code


class InvalidInput(ServiceError):
    """What was sent cannot be accepted as it is.

    `fields` names what is wrong where: a form field, a DICOM keyword or an HL7 location such as PID-3.
    """

    default_code = "INVALID_INPUT"

    def __init__(
        self, message: str, *, code: str | None = None, fields: dict[str, str] | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.fields = fields or {}


class NotPermitted(ServiceError):
    """The actor may know of the subject but may not do this to it."""

    default_code = "NOT_PERMITTED"


class NotFound(ServiceError):
    """There is no such subject, or none the actor may know of."""

    default_code = "NOT_FOUND"


class Conflict(ServiceError):
    """The subject is not in a state that allows this, or was changed meanwhile."""

    default_code = "CONFLICT"


class Unavailable(ServiceError):
    """Something needed is out of reach now; trying again later can help."""

    default_code = "UNAVAILABLE"
    permanent = False

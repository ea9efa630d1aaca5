"""What the form of a destination asks for, by kind. Secrets are asked for by their names only."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from integrations.dicom.models import SliceInterest
from integrations.routing.models import Destination

Text = str | Promise
Kind = Destination.Kind


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of a destination. `widget` is text, flag or choice."""

    name: str
    label: Text
    hint: Text = ""
    widget: str = "text"
    is_required: bool = False
    choices: tuple[tuple[str, Text], ...] = ()


ICON: dict[str, str] = {
    Kind.DIMSE: "server",
    Kind.STOW_RS: "network",
    Kind.FOLDER: "folder-open",
    Kind.S3: "archive",
    Kind.TIER: "layers",
}
MEANING: dict[str, Text] = {
    Kind.DIMSE: _("Objects leave by C-STORE, over the associations its node bears."),
    Kind.STOW_RS: _("Objects leave by HTTPS to a server that speaks DICOMweb."),
    Kind.FOLDER: _("One file an object, by study and series, in a folder of this system."),
    Kind.S3: _("One object an instance in a bucket, by study and series."),
    Kind.TIER: _(
        "No place itself: every node of the site, and of the hospital it consults, that is for such series."
    ),
}
_SECRET_HINT: Text = _(
    "The name of a variable in the environment, such as ROUTING_SECRET_PACS; never the secret itself."
)
_PLAIN = Field(
    "allow_plain",
    _("Also without encryption (http)"),
    _("Only for a peer on this machine or behind a gateway of its own."),
    widget="flag",
)
SETTINGS: dict[str, tuple[Field, ...]] = {
    Kind.DIMSE: (),
    Kind.TIER: (
        Field(
            "takes",
            _("Takes"),
            _("Nodes say on their page which of the two they are for."),
            widget="choice",
            is_required=True,
            choices=(
                (SliceInterest.THIN, SliceInterest.THIN.label),
                (SliceInterest.THICK, SliceInterest.THICK.label),
            ),
        ),
    ),
    Kind.FOLDER: (
        Field("folder", _("Folder"), _("Such as research/lung, below the folder for exports."), is_required=True),
    ),
    Kind.S3: (
        Field("endpoint", _("Address"), _("Such as https://s3.hospital.example:8333"), is_required=True),
        Field("bucket", _("Bucket"), _("It must exist: none is made."), is_required=True),
        Field("prefix", _("Prefix"), _("What every name begins with, such as from/consilium; may be empty.")),
        Field("region", _("Region of the store"), _("Empty: us-east-1, which stores of one's own take.")),
        Field("access_key_secret", _("Access key"), _SECRET_HINT),
        Field("secret_key_secret", _("Secret key"), _SECRET_HINT),
        _PLAIN,
    ),
    Kind.STOW_RS: (
        Field("address", _("Address"), _("Without /studies, such as https://pacs.example/dicom-web"), is_required=True),
        Field("token_secret", _("Token"), _SECRET_HINT),
        Field("user", _("User"), _("For a server that asks for a name and a password instead of a token.")),
        Field("password_secret", _("Password"), _SECRET_HINT),
        Field(
            "authorities",
            _("Authorities"),
            _("A PEM file on this machine with the authorities to believe; empty: those the machine knows."),
        ),
        _PLAIN,
    ),
}  # fmt: skip

"""Where the product is reached from outside: all a journey needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Addresses:
    """Ports on this machine, and the folder of the simulated medical record."""

    http_port: int
    dicom_port: int
    hl7_port: int
    emr_folder: Path
    host: str = "127.0.0.1"
    dicom_ae_title: str = "CONSILIUM"

    @property
    def portal(self) -> str:
        return f"http://{self.host}:{self.http_port}"


def addresses_in_settings() -> Addresses:
    """Those of the product that this process was set up for."""
    return Addresses(
        http_port=settings.HTTP_PORT,
        dicom_port=settings.DICOM_PORT,
        hl7_port=settings.HL7_PORT,
        emr_folder=settings.EMR_FOLDER,
        host="127.0.0.1" if settings.HTTP_HOST == "0.0.0.0" else settings.HTTP_HOST,  # noqa: S104 - compared
        dicom_ae_title=settings.DICOM_AE_TITLE,
    )

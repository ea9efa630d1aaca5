"""Play one remote consultation through the running product."""

from __future__ import annotations

import json
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from config.demo.addresses import Addresses, addresses_in_settings
from config.demo.journey import ASSIGNED, COMPLETED, REPORTED, Journey
from config.demo.medical_record import medical_record
from config.demo.portal import PortalClient
from config.demo.problems import JourneyFailed
from config.demo.region import PASSWORD
from config.demo.studies import JourneyStudy, phantom_header, read_study, write_phantom


class Command(BaseCommand):
    """Prints a sentence a step and, as the last line, one JSON object read back from the portal.

    Exits 1 and names the step if anything did not really happen.
    """

    help = "Play a remote consultation with simulated HIS, modality and medical record."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--study", type=Path, help="folder with the files of one CT or MR study")
        parser.add_argument("--until", choices=[ASSIGNED, REPORTED, COMPLETED], default=COMPLETED)
        parser.add_argument("--json", action="store_true", help="print nothing but the JSON object")
        parser.add_argument("--matrix", type=int, default=256, help="rows and columns of the phantom")
        parser.add_argument("--slices", type=int, default=160, help="slices of the phantom")

    def handle(self, *args: Any, **options: Any) -> None:
        self._is_quiet = options["json"]
        addresses = addresses_in_settings()
        step = "study"
        try:
            with tempfile.TemporaryDirectory(prefix="consilium-study-") as folder, medical_record():
                study = self._study(Path(folder), addresses, options)
                journey = Journey(study, addresses)
                try:
                    outcome = journey.play(until=options["until"], say=self._say)
                finally:
                    step = journey.step
        except JourneyFailed as failure:
            self.stderr.write(f"The journey stopped at the step {step!r}: {failure.sentence}")
            raise SystemExit(1) from None
        self.stdout.write(json.dumps(outcome))

    def _say(self, sentence: str) -> None:
        if not self._is_quiet:
            self.stdout.write(sentence)
            self.stdout.flush()

    def _study(self, folder: Path, addresses: Addresses, options: dict[str, Any]) -> JourneyStudy:
        """The study that was given, or a phantom that nobody has ordered yet."""
        if options["study"] is not None:
            if not options["study"].is_dir():
                raise JourneyFailed(f"There is no folder {options['study']}.")
            return read_study(options["study"])
        rafael = PortalClient(addresses.portal, "rafael", PASSWORD)
        number = 0
        while rafael.find("orders/", study=phantom_header(number).study_uid()):
            number += 1
        self._say("          Writing a CT phantom …")
        return write_phantom(folder, number, matrix=options["matrix"], slices=options["slices"])

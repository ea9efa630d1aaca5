"""`./consilium up`: everything, in the foreground, until Ctrl-C."""

from __future__ import annotations

import time
from typing import NoReturn

from launcher import region
from launcher.paths import ROOT, default_var
from launcher.product import Product, chosen_ports
from launcher.services import Services, embedded_services
from launcher.setup import prepare_checkout, prepare_database
from launcher.steps import say
from launcher.var import kept_var

TICK_S = 0.5
ORPHANS_END_WITHIN_S = 5.0


def up(*, is_empty: bool, http_port: int | None) -> NoReturn:
    """Set up what is missing, start what is down, and stay."""
    began = time.monotonic()
    with kept_var(default_var()) as var:
        product = Product(var, chosen_ports(http_port))
        say(f"Consilium in {ROOT}, data in {var.folder}")
        prepare_checkout()
        with embedded_services(var) as services:
            prepare_database(product)
            kind = region.prepare_region(product, is_empty=is_empty)
            try:
                with product.running():
                    if kind == region.DEMO:
                        region.play_first_cases(product)
                    say(f"  Serving after {time.monotonic() - began:.1f} s.")
                    say()
                    _introduce(product, kind)
                    _stay(product, services)
            finally:
                say("Stopping …")


def _introduce(product: Product, kind: str) -> None:
    say(f"  Open     http://localhost:{product.ports['HTTP_PORT']}/")
    say(f"  DICOM    port {product.ports['DICOM_PORT']}     HL7 (MLLP)  port {product.ports['HL7_PORT']}")
    say(f"  Logs     {product.var.logs}")
    if kind == region.DEMO:
        say()
        for line in region.accounts(product):
            say(f"  {line}")
    say()
    say("  Ctrl-C stops everything; nothing is lost by it.")


def _stay(product: Product, services: Services) -> NoReturn:
    """Watch over the servers and the supervisor until a signal ends us."""
    while True:
        for name in services.revive():
            say(f"  {name} had died and was started again.")
        if product.process is not None and product.process.poll() is not None:
            say("  The supervisor of the daemons had died and is started again.")
            time.sleep(ORPHANS_END_WITHIN_S)  # its daemons, told by the kernel to end, still hold their ports
            product.start()
        time.sleep(TICK_S)

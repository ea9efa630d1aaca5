"""`./consilium demo`: the whole journey on a product that is thrown away afterwards."""

from __future__ import annotations

import json
from pathlib import Path

from launcher import region
from launcher.problems import Problem
from launcher.product import Product, ephemeral_ports
from launcher.services import embedded_services
from launcher.setup import prepare_checkout, prepare_database
from launcher.steps import say
from launcher.var import throw_away_var


def demo(*, study: Path | None) -> int:
    """Play one consultation; the last line is its outcome as JSON, printed once everything has stopped."""
    if study is not None and not study.is_dir():
        raise Problem(
            f"There is no folder {study}: --study wants a folder with the files of one CT or MR study."
        )
    prepare_checkout()
    with throw_away_var() as var:
        product = Product(var, ephemeral_ports())
        with embedded_services(var):
            prepare_database(product)
            region.prepare_region(product, is_empty=False)
            with product.running():
                outcome = _play(product, study)
            say("  Stopping …")
    say(json.dumps(outcome))
    return 0


def _play(product: Product, study: Path | None) -> dict[str, object]:
    """The journey step by step; its outcome.

    Raises  Problem when a step did not happen.
    """
    say("  The journey:")
    arguments = ["play_journey", *(["--study", str(study.resolve())] if study else [])]
    outcome: dict[str, object] = {}
    for line in product.spoken_lines(*arguments):
        if line.startswith("{"):
            outcome = json.loads(line)
        else:
            say(f"    {line}")
    if not outcome:
        raise Problem("The journey ended without telling its outcome.")
    return outcome

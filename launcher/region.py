"""What a var folder is for: a demo region with its people, or an empty one with an administrator."""

from __future__ import annotations

from launcher import stamps
from launcher.problems import Problem
from launcher.product import Product
from launcher.steps import say, step

DEMO, EMPTY = "demo", "empty"


def kind_of(product: Product) -> str:
    """What this var folder was set up as; "" for one that was not yet."""
    return next((kind for kind in (DEMO, EMPTY) if stamps.holds(product.var.stamp("region"), kind)), "")


def prepare_region(product: Product, *, is_empty: bool) -> str:
    """Set the region up on the first start; what kind it is.

    Raises  Problem when an empty region is asked for where a demo region is.
    """
    kind = kind_of(product)
    if kind == DEMO and is_empty:
        raise Problem(
            f"{product.var.folder} holds a demo region with accounts everybody knows: "
            "for a real region choose a folder of its own by CONSILIUM_VAR."
        )
    if not kind:
        kind = EMPTY if is_empty else DEMO
        _create(product, kind)
        stamps.put(product.var.stamp("region"), kind)
    return kind


def _create(product: Product, kind: str) -> None:
    if kind == DEMO:
        with step("Demo region"):
            product.manage("load_demo_region", doing="Loading the demo region")
        return
    say("  The first administrator of this region:")
    if product.manage_aloud("create_administrator", "--if-none") != 0:
        raise Problem("No administrator was created, so nobody could sign in: run the same command again.")


def play_first_cases(product: Product) -> None:
    """Play one consultation through and leave a second at the expert's task, once per demo region."""
    stamp = product.var.stamp("played")
    if stamps.holds(stamp, DEMO):
        return
    with step("One consultation, played through to its end"):
        product.manage("play_journey", doing="Playing a consultation")
    with step("A second one, waiting for the expert"):
        product.manage("play_journey", "--until", "assigned", doing="Playing the second consultation")
    stamps.put(stamp, DEMO)


def accounts(product: Product) -> list[str]:
    """The demo accounts, as the command that made them lists them."""
    text = product.var.logs / "load_demo_region.log"
    return text.read_text().splitlines() if text.exists() else []

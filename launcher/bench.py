"""`./consilium bench NAME`: one benchmark beside its peer, on servers of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from launcher.paths import PYTHON, ROOT
from launcher.setup import prepare_checkout, prepare_database
from launcher.throwaway import product_without_daemons


def bench(arguments: Sequence[str]) -> int:
    """Run it; the benchmark's JSON object is the last thing printed."""
    prepare_checkout()
    with product_without_daemons(is_durable=True) as product:
        prepare_database(product)
        command = [str(PYTHON), "-m", "benchmarks", *arguments]
        return subprocess.run(command, cwd=ROOT, env=product.environment, check=False).returncode

"""`./consilium test`: the whole suite, against servers of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from launcher.paths import PYTHON, ROOT
from launcher.setup import prepare_checkout
from launcher.throwaway import product_without_daemons

PARALLEL = [
    "-n",
    str((os.cpu_count() or 2) + 1),
]  # a third of the time they wait, for peers and for what they started
SIDE_BY_SIDE = [
    *("--dist", "loadscope", "--no-loadscope-reorder"),  # tests/scheduling.py shares and orders
    "--max-worker-restart=0",  # else a process that dies leaves the others waiting for its tests without end
]


def test(arguments: Sequence[str]) -> int:
    """Run pytest, a process more than there are cores unless told otherwise; its summary is the last thing printed."""
    prepare_checkout(development=True)
    parallel = [] if any(word.startswith("-n") for word in arguments) else PARALLEL
    # What tests write need not outlive a power failure.
    with product_without_daemons(is_durable=False) as product:
        environment = product.environment
        for port in product.ports:
            environment.pop(port)
        environment["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
        command = [str(PYTHON), "-m", "pytest", *parallel, *SIDE_BY_SIDE, *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode

"""`python -m benchmarks NAME [--quick]`: a table, and as the last line one JSON object."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys

import benchmarks
from benchmarks import runner

SHARED = {"__main__", "runner"}


def names() -> list[str]:
    """The benchmarks there are: the public modules of this package that have a `run`."""
    found = (module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return sorted(name for name in found if name not in SHARED and not name.startswith("_"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("name", choices=names())
    parser.add_argument("--quick", action="store_true", help="fewer rounds; done in under a minute")
    arguments = parser.parse_args()
    rows = importlib.import_module(f"benchmarks.{arguments.name}").run(quick=arguments.quick)
    print(runner.table(rows))
    print(runner.summary(arguments.name, rows), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The words of the command line."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from launcher.bench import bench
from launcher.demo import demo
from launcher.linting import lint
from launcher.paths import default_var
from launcher.problems import Problem, Stopped, explain
from launcher.testing import test
from launcher.up import up

OBSTACLE = 2
INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Do what was asked; 0 done, 1 failed, 2 something stands in the way and was said, 130 interrupted."""
    said, rest = _parser().parse_known_args(arguments)
    if rest and said.command not in {"test", "bench"}:
        _parser().error(f"unknown argument: {rest[0]}")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have had it ignored
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    try:
        return _commands(said, rest)[said.command]()
    except Problem as problem:
        sys.stdout.flush()
        print(f"\n{problem}", file=sys.stderr)
        return OBSTACLE
    except OSError as error:
        sys.stdout.flush()
        print(f"\n{explain(error, place=str(default_var()))}", file=sys.stderr)
        return OBSTACLE
    except (KeyboardInterrupt, Stopped):
        if said.command != "up":
            print("Stopped.")
            return INTERRUPTED
        print("Stopped. ./consilium up starts it again with all its data.")
        return 0


def _commands(said: argparse.Namespace, rest: list[str]) -> dict[str, Callable[[], int]]:
    return {
        "up": lambda: up(is_empty=said.empty, http_port=said.port),
        "demo": lambda: demo(study=said.study),
        "test": lambda: test(rest),
        "lint": lint,
        "bench": lambda: bench([said.name, *rest]),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./consilium", description="Consilium, a medical image cloud.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="up | demo | test | lint | bench")
    start = commands.add_parser("up", help="set up what is missing and run everything until Ctrl-C")
    start.add_argument(
        "--empty", action="store_true", help="a real region: one administrator, no demo accounts"
    )
    start.add_argument(
        "--port", type=int, metavar="PORT", help="where the portal is served (HTTP_PORT, 8080)"
    )
    play = commands.add_parser("demo", help="play one consultation on a product that is thrown away")
    play.add_argument("--study", type=Path, metavar="FOLDER", help="the files of one CT or MR study")
    commands.add_parser("test", help="the whole test suite; further arguments are pytest's", add_help=False)
    commands.add_parser("lint", help="style, types, import directions")
    measure = commands.add_parser("bench", help="one benchmark beside its peer")
    measure.add_argument(
        "name", metavar="NAME", help="for instance: ingest, workflow; --quick for a short run"
    )
    return parser


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped

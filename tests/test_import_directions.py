"""Who may import whom: the contracts in pyproject.toml hold, and each of them bites.

The linter runs in a process of its own: it imports nothing, but it wants its own search path.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION = ROOT / "pyproject.toml"
CONTRACTS = tomllib.loads(CONFIGURATION.read_text())["tool"]["importlinter"]
LINT = """
import site, sys
site.main()
sys.path.insert(0, sys.argv[1])
from importlinter.cli import lint_imports
sys.exit(lint_imports(config_filename=sys.argv[2], no_cache=True, no_logo=True))
"""


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-S", "-c", LINT, folder, CONFIGURATION],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_every_package_keeps_the_import_directions():
    linted = lint_imports(ROOT)

    assert linted.returncode == 0, linted.stdout
    assert "0 broken" in linted.stdout


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("archive/models", "import workflows", "Upper layers"),
        ("workflows/services", "from portal import views", "Upper layers"),
        ("compute/services", "import integrations", "Upper layers"),
        ("workflows/services", "import SpiffWorkflow", "Only workflows.engine"),
        ("integrations/hl7/listener", "import pynetdicom", "Only integrations.dicom"),
        ("integrations/dicom/services", "import hl7apy.core", "Only integrations.hl7"),
        ("portal/views", "import torch", "torch"),
        ("compute/services", "from celery import shared_task", "Celery"),
    ],
)
def test_an_import_in_the_wrong_direction_is_found(tmp_path, module, line, broken):
    scratch_packages(tmp_path)
    file = tmp_path / f"{module}.py"
    file.parent.mkdir(exist_ok=True, parents=True)
    (file.parent / "__init__.py").touch()
    file.write_text(line + "\n")

    linted = lint_imports(tmp_path)

    assert linted.returncode == 1, linted.stdout + linted.stderr
    assert any(broken in text and "BROKEN" in text for text in linted.stdout.splitlines()), linted.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("workflows/engine/parsing", "import SpiffWorkflow"),
        ("integrations/dicom/scp/server", "import pynetdicom"),
        ("compute/kernels/windowing", "import torch"),
        ("compute/tasks", "from celery import shared_task"),
        ("config/urls", "import portal"),
    ],
)
def test_the_door_to_a_library_stays_open(tmp_path, module, line):
    scratch_packages(tmp_path)
    file = tmp_path / f"{module}.py"
    file.parent.mkdir(exist_ok=True, parents=True)
    for folder in file.relative_to(tmp_path).parents[:-1]:
        (tmp_path / folder / "__init__.py").touch()
    file.write_text(line + "\n")

    linted = lint_imports(tmp_path)

    assert linted.returncode == 0, linted.stdout


def scratch_packages(folder: Path) -> None:
    """The same packages, empty but for the modules that contracts name."""
    named = {name for contract in CONTRACTS["contracts"] for name in contract.get("source_modules", [])}
    for name in {*CONTRACTS["root_packages"], *named}:
        package = folder / name.replace(".", "/")
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").touch()

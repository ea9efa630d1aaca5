"""What is built once per checkout: scripts and styles, translations, collected static files."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from launcher import environment, stamps
from launcher.commands import run_logged
from launcher.diagnostic_viewer import ensure_diagnostic_viewer
from launcher.paths import BUILD, DIST, FRONTEND, LOCALE, PYTHON, ROOT, STATIC, VENV, product_files, walk
from launcher.steps import step

OLDEST_NODE = 20  # of the minifier that shortens the diagnostic viewer


def ensure_built() -> None:
    """Have the front end, the translations and the static files be those of the sources."""
    ensure_assets()
    ensure_diagnostic_viewer(node_environment())
    ensure_translations()
    ensure_static()


def ensure_assets() -> None:
    """Run the front end's own build, with the system's Node or else with the one pip brings."""
    value = stamps.digest(walk(FRONTEND))
    stamp = BUILD / "stamps" / "frontend"
    if stamps.holds(stamp, value) and DIST.is_dir():
        return
    with step("Front end"):
        paths = node_environment()
        npm = shutil.which("npm", path=paths["PATH"]) or "npm"
        # Install scripts of some packages start programs of their own; the build needs none of them.
        install = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        for name, command in (("npm-ci", install), ("npm-build", [npm, "run", "build"])):
            log = BUILD / "log" / f"{name}.log"
            run_logged(command, log=log, doing="Building the front end", environment=paths, folder=FRONTEND)
    stamps.put(stamp, value)


def node_environment() -> Mapping[str, str]:
    """An environment whose PATH has a `node` and an `npm` that are new enough."""
    if _system_node_version() >= OLDEST_NODE and shutil.which("npm"):
        return os.environ
    if not (VENV / "bin" / "npm").exists():
        environment.install("-r", str(ROOT / "requirements-node.txt"), log=BUILD / "log" / "pip-node.log")
    return {**os.environ, "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}


def ensure_translations() -> None:
    """Compile the message catalogues that are newer than what was compiled from them."""
    catalogues = list(LOCALE.glob("*/LC_MESSAGES/*.po"))
    if not any(_is_stale(catalogue) for catalogue in catalogues):
        return
    with step("Translations"):
        run_logged(
            [VENV / "bin" / "pybabel", "compile", "-d", LOCALE, "-D", "django"],
            log=BUILD / "log" / "translations.log",
            doing="Compiling the translations",
        )


def ensure_static() -> None:
    """Collect the static files under the hashed names the pages ask for."""
    value = stamps.digest(product_files("static"), environment.requirements_stamp(ROOT / "requirements.txt"))
    stamp = BUILD / "stamps" / "static"
    if stamps.holds(stamp, value) and (STATIC / "staticfiles.json").is_file():
        return
    with step("Static files"):
        run_logged(
            [PYTHON, ROOT / "manage.py", "collectstatic", "--no-input", "--verbosity", "0"],
            log=BUILD / "log" / "collectstatic.log",
            doing="Collecting the static files",
            environment={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings.embedded",
                "SECRET_KEY": "not-used-while-collecting",
                "STATIC_ROOT": str(STATIC),
            },
        )
    stamps.put(stamp, value)


def _is_stale(catalogue: Path) -> bool:
    compiled = catalogue.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime < catalogue.stat().st_mtime


def _system_node_version() -> int:
    node = shutil.which("node")
    if node is None:
        return 0
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = said.strip().removeprefix("v").split(".")[0]
    return int(major) if major.isdigit() else 0

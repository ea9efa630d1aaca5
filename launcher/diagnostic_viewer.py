"""The diagnostic viewer: OHIF's built site, fetched as one package, checked, trimmed and made to live under /viewer/.

Where it cannot be had the product runs all the same: pages then offer the viewer that is built in.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from launcher import stamps
from launcher.commands import run_logged
from launcher.paths import BUILD, FRONTEND, OHIF, walk
from launcher.problems import Problem
from launcher.steps import say, step

SOURCES = FRONTEND / "ohif"
LOCK = SOURCES / "lock.json"
RELEASE_CHARACTERS = 12
# In-browser AI that fetches its weights from elsewhere, and what belongs to the maintainers' own public site.
TRIMMED_FOLDERS = frozenset({"ort", "customizations"})
TRIMMED_FILES = frozenset(
    {"_headers", "_redirects", "app-config.js", "es6-shim.min.js", "google.js", "index.html", "init-service-worker.js",
     "manifest.json", "oidc-client.min.js", "polyfill.min.js", "serve.json", "silent-refresh.html", "sw.js"}
)  # fmt: skip


def ensure_diagnostic_viewer(node: Mapping[str, str]) -> None:
    """Have `build/ohif` hold the site of the version that the lock names; say so where it cannot be had.

    `node` is an environment whose PATH has `node` and `npm`; the front end's packages are installed already.
    """
    value = stamps.digest(walk(SOURCES), stamps.digest([FRONTEND / "package-lock.json"]))
    stamp = BUILD / "stamps" / "ohif"
    if stamps.holds(stamp, value) and (OHIF / "site.json").is_file():
        return
    with step("Diagnostic viewer") as current:
        try:
            _make(value[:RELEASE_CHARACTERS], node)
        except Problem as problem:
            current.is_done = False
            say(f"    {problem}")
            say("    Pages offer the built-in viewer until a later start brings the diagnostic one.")
            return
    stamps.put(stamp, value)


def require_integrity(file: Path, integrity: str) -> None:
    """Raises  Problem where the file is not the one whose `sha512-…` the lock names."""
    algorithm, _, expected = integrity.partition("-")
    found = base64.b64encode(hashlib.new(algorithm, file.read_bytes()).digest()).decode()
    if found != expected:
        raise Problem(f"{file.name} is not the package that was tested: its {algorithm} is {found}.")


def unpack_site(package: Path, into: Path) -> None:
    """Write the plain files of the built site that the viewer needs: no maps, no in-browser AI, no links."""
    with tarfile.open(package) as archive:
        for member, place in _wanted(archive):
            target = into / place
            target.parent.mkdir(parents=True, exist_ok=True)
            content = archive.extractfile(member)
            if content is not None:
                with content, target.open("wb") as file:
                    shutil.copyfileobj(content, file)


def _make(release: str, node: Mapping[str, str]) -> None:
    lock = json.loads(LOCK.read_text())
    BUILD.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=BUILD, prefix="ohif-") as workplace:
        place = Path(workplace)
        package = _fetch(lock, place, node)
        unpack_site(package, place / "package")
        made = place / "site"
        build = ["node", SOURCES / "build.mjs", place / "package", made, release, lock["version"]]
        run_logged(
            build, log=BUILD / "log" / "ohif.log", doing="Building the diagnostic viewer", environment=node
        )
        shutil.rmtree(OHIF, ignore_errors=True)
        made.rename(OHIF)


def _fetch(lock: Mapping[str, str], place: Path, node: Mapping[str, str]) -> Path:
    npm = shutil.which("npm", path=node["PATH"]) or "npm"
    wanted = f"{lock['name']}@{lock['version']}"
    run_logged(
        [npm, "pack", wanted, "--ignore-scripts", "--pack-destination", place, "--fetch-retries", "1"],
        log=BUILD / "log" / "ohif-npm.log",
        doing="Fetching the diagnostic viewer",
        environment=node,
        folder=place,
    )
    package = next(place.glob("*.tgz"), None)
    if package is None:
        raise Problem(f"npm brought no package for {wanted}.")
    require_integrity(package, lock["integrity"])
    return package


def _wanted(archive: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, PurePosixPath]]:
    for member in archive:
        path = PurePosixPath(member.name)
        if not member.isfile() or path.is_absolute() or ".." in path.parts:
            continue
        if path.parts == ("package", "LICENSE"):
            yield member, PurePosixPath("LICENSE")
        elif path.parts[:2] == ("package", "dist") and _is_needed(path.relative_to("package/dist")):
            yield member, path.relative_to("package/dist")


def _is_needed(path: PurePosixPath) -> bool:
    if path.suffix == ".map" or path.parts[0] in TRIMMED_FOLDERS:
        return False
    return len(path.parts) > 1 or path.name not in TRIMMED_FILES

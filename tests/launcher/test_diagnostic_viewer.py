"""The package of the diagnostic viewer is checked, trimmed, and never an obstacle to starting."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from launcher import diagnostic_viewer
from launcher.diagnostic_viewer import ensure_diagnostic_viewer, require_integrity, unpack_site
from launcher.problems import Problem


def package_of(place: Path, *names: str) -> Path:
    package = place / "app.tgz"
    with tarfile.open(package, "w:gz") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(name)
            archive.addfile(member, io.BytesIO(name.encode()))
        link = tarfile.TarInfo("package/dist/link.js")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return package


def test_only_what_the_viewer_needs_is_unpacked(tmp_path):
    package = package_of(
        tmp_path, "package/LICENSE", "package/package.json", "package/src/index.js", "package/dist/app.bundle.0a.js",
        "package/dist/app.bundle.0a.js.map", "package/dist/index.html", "package/dist/sw.js", "package/dist/ort/ort.js",
        "package/dist/assets/favicon.ico", "package/dist/dicom-microscopy-viewer/viewer.min.js",
    )  # fmt: skip

    unpack_site(package, tmp_path / "out")

    found = {
        str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*") if file.is_file()
    }
    assert found == {
        "LICENSE", "app.bundle.0a.js", "assets/favicon.ico", "dicom-microscopy-viewer/viewer.min.js",
    }  # fmt: skip


def test_a_package_cannot_write_outside_its_folder(tmp_path):
    package = package_of(tmp_path, "package/dist/../../../escaped.js", "/package/dist/rooted.js")

    unpack_site(package, tmp_path / "deep" / "out")

    assert not list(tmp_path.rglob("escaped.js"))
    assert not list(tmp_path.rglob("rooted.js"))
    assert not list(tmp_path.rglob("link.js"))


def test_a_package_that_is_not_the_tested_one_is_refused(tmp_path):
    file = tmp_path / "app.tgz"
    file.write_bytes(b"as tested")
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(b"as tested").digest()).decode()
    require_integrity(file, integrity)

    file.write_bytes(b"changed on the way")

    with pytest.raises(Problem, match=r"app\.tgz is not the package that was tested"):
        require_integrity(file, integrity)


def test_without_the_package_the_start_goes_on_and_says_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(diagnostic_viewer, "BUILD", tmp_path)
    monkeypatch.setattr(diagnostic_viewer, "OHIF", tmp_path / "ohif")
    broken = tmp_path / "bin" / "npm"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'npm error network unreachable'\nexit 1\n")
    broken.chmod(0o755)

    ensure_diagnostic_viewer({"PATH": f"{broken.parent}:/usr/bin:/bin"})

    said = capsys.readouterr().out
    assert "Fetching the diagnostic viewer failed: npm error network unreachable" in said
    assert "Pages offer the built-in viewer" in said
    assert not (tmp_path / "ohif").exists()
    assert not (tmp_path / "stamps" / "ohif").exists()

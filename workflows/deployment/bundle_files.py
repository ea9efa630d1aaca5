"""The files of a process: read from a folder, an archive or a single diagram, and given back as they came."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from django.utils.translation import gettext as _

from common.errors import InvalidInput

SUFFIXES = {".bpmn", ".dmn", ".json", ".md"}
MAX_FILE_BYTES = 2_000_000
MAX_BUNDLE_BYTES = 8_000_000
MAX_FILES = 200
_DECLARED = re.compile(rb"^\s*<\?xml[^>]*encoding=[\"']([A-Za-z0-9._-]+)[\"']")
_ENCODING = re.compile(r"^(\s*<\?xml[^>]*encoding=[\"'])[A-Za-z0-9._-]+([\"'])")


def read_bundle(folder: Path) -> dict[str, str]:
    """A bundle's files by their path inside it; InvalidInput for what is no bundle."""
    found = (
        (path.relative_to(folder).as_posix(), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in SUFFIXES and path.stat().st_size <= MAX_FILE_BYTES
    )
    return _checked(found)


def read_upload(name: str, content: bytes) -> dict[str, str]:
    """The files of what somebody sends: a zip archive of a bundle, or one diagram.

    A folder that holds everything in an archive is left out of the paths. InvalidInput for anything else.
    """
    if len(content) > MAX_BUNDLE_BYTES:
        raise _refused(_("A process has 8 MB at most."))
    if not content.startswith(b"PK\x03\x04"):
        return _checked([(PurePosixPath(name).with_suffix(".bpmn").name, content)])
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [each for each in archive.infolist() if not each.is_dir()]
            if len(members) > MAX_FILES or sum(each.file_size for each in members) > MAX_BUNDLE_BYTES:
                raise _refused(_("A process has 8 MB at most."))
            files = {each.filename: archive.read(each) for each in members}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        raise _refused(_("This archive cannot be read.")) from error
    return _checked(_without_folder(files))


def as_archive(files: Mapping[str, str]) -> bytes:
    """The files as a zip archive: the same bytes for the same files."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text.encode())
    return held.getvalue()


def diagram_of(files: Mapping[str, str]) -> str:
    """The text of the bundle's one diagram."""
    diagrams = [text for name, text in files.items() if name.endswith(".bpmn")]
    if len(diagrams) != 1:
        raise _refused(_("A bundle holds exactly one .bpmn file"))
    return diagrams[0]


def digest_of(files: Mapping[str, str]) -> str:
    """The same for the same content, whatever order the files are listed in."""
    return hashlib.sha256(json.dumps(files, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _checked(found: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    files = {}
    for name, content in found:
        parts = PurePosixPath(name).parts
        if not parts or PurePosixPath(name).is_absolute() or ".." in parts or "\\" in name:
            raise _refused(_("A path in the archive leads out of it."))
        if PurePosixPath(name).suffix in SUFFIXES:
            files[name] = _text(name, content)
    diagram_of(files)
    return files


def _without_folder(files: Mapping[str, bytes]) -> Iterable[tuple[str, bytes]]:
    """Archivers put a folder's name before everything in it."""
    first = {name.split("/", 1)[0] for name in files}
    wraps = len(first) == 1 and first != {".."} and all("/" in name for name in files)
    return ((name.split("/", 1)[1] if wraps else name, content) for name, content in files.items())


def _text(name: str, content: bytes) -> str:
    """A file's text. XML says how it is encoded; what is kept is UTF-8 and says so (XML 1.0 §4.3.3)."""
    is_xml = name.endswith((".bpmn", ".dmn"))
    declared = _DECLARED.match(content) if is_xml else None
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    encoding = "utf-16" if wide else declared.group(1).decode("ascii") if declared else "utf-8-sig"
    if encoding.lower() == "utf-8":
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise _refused(_("%(name)s cannot be read as text.") % {"name": name[:80]}) from error
    if "\0" in text:
        raise _refused(_("%(name)s cannot be read as text.") % {"name": name[:80]})
    return _ENCODING.sub(r"\g<1>UTF-8\g<2>", text) if is_xml else text


def _refused(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, code="BUNDLE_REFUSED", fields={"bundle": sentence})

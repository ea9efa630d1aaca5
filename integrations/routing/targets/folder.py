"""A folder: one file an object, there whole or not at all, and on the disk when it is called sent."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.conf import settings as product
from django.utils.translation import gettext as _

from common.errors import InvalidInput, Unavailable
from integrations.routing.models import Destination
from integrations.routing.targets.base import Outcome, Outgoing, Parcel, Verdict, loaded
from integrations.routing.targets.paths import object_path


class FolderTarget:
    """Files below a folder: configuration `{"folder": ...}`, itself below one of ROUTING_FOLDERS."""

    settings = frozenset({"folder"})

    def check(self, destination: Destination) -> None:
        _root(destination)

    def send(self, destination: Destination, parcels: Sequence[Parcel]) -> Iterator[Outcome]:
        """Raises  Unavailable if the disk is full or away."""
        root = _root(destination)
        for parcel in parcels:
            outgoing = loaded(parcel)
            if isinstance(outgoing, Outcome):
                yield outgoing
                continue
            try:
                _write(root, parcel, outgoing)
            except OSError as error:
                raise Unavailable("The folder cannot be written", code="FOLDER_UNAVAILABLE") from error
            yield Outcome(parcel, Verdict.SENT, sent_as=outgoing.sop_instance_uid)


def _root(destination: Destination) -> Path:
    """The folder, if it may be written to. Raises InvalidInput."""
    named = str(destination.configuration.get("folder") or "")
    allowed = [Path(folder).resolve() for folder in product.ROUTING_FOLDERS]
    folder = Path(named)
    if not folder.is_absolute() and allowed and named:
        folder = allowed[0] / folder
    folder = folder.resolve()
    if not named or not any(folder == root or root in folder.parents for root in allowed):
        problem = _("The folder lies outside of those this system may write to.")
        raise InvalidInput(problem, code="FOLDER_NOT_ALLOWED", fields={"folder": problem})
    return folder


def _write(root: Path, parcel: Parcel, outgoing: Outgoing) -> None:
    """Write beside, flush, rename, flush the folder: in this order a crash leaves no half file."""
    name = object_path(parcel.study_instance_uid, parcel.series_instance_uid, outgoing.sop_instance_uid)
    target = root / name
    _ensure(target.parent)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".incoming-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(outgoing.data)
            file.flush()
            os.fchmod(file.fileno(), 0o640)
            os.fsync(file.fileno())
        Path(temporary).rename(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync(target.parent)


def _ensure(folder: Path) -> None:
    if folder.is_dir():
        return
    _ensure(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

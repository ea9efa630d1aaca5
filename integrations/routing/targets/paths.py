"""Names for objects in folders and buckets: by UID, so that people find them. No peer's text becomes a path."""

from __future__ import annotations

import hashlib
import re

_SAFE = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def object_path(study_instance_uid: str, series_instance_uid: str, sop_instance_uid: str) -> str:
    """study/series/instance.dcm; a UID that is none is replaced by its digest."""
    parts = [_part(uid) for uid in (study_instance_uid, series_instance_uid, sop_instance_uid)]
    return "/".join(parts) + ".dcm"


def _part(uid: str) -> str:
    if len(uid) <= 64 and _SAFE.fullmatch(uid):
        return uid
    return "uid-" + hashlib.sha256(uid.encode()).hexdigest()[:32]

"""A script of the library on the way out: it finds attributes by their keywords, and what it changes is coerced.

Of the script a table names a version, which never changes: the same object comes out the same whenever it is sent.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django.utils.translation import gettext as _
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from accounts.actors import SystemActor
from common.errors import InvalidInput
from integrations.routing.transforms.catalogue import COERCIBLE, check_coercion
from integrations.routing.transforms.coercion import coerce
from workflows.scripting import scripts_run_for
from workflows.scripting.library.services import run_named_script

SHOWN = COERCIBLE | {
    "Modality", "PatientBirthDate", "PatientName", "PatientSex", "SeriesInstanceUID", "SOPClassUID",
    "StudyDate", "StudyInstanceUID",
}  # fmt: skip
_REFERENCE = re.compile(r"[a-z][a-z0-9-]{0,59}@[1-9][0-9]{0,8}")
_ROUTING = SystemActor("routing")


def check_script_name(reference: Any) -> str:
    """The script a table asks for. Raises InvalidInput where no version of one is named."""
    if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference.strip()):
        raise InvalidInput(
            _("A script is named with its version, such as tidy-names@3"), code="SCRIPT_UNNAMED"
        )
    return reference.strip()


def apply_script(dataset: Dataset, reference: str, *, at: dt.datetime) -> None:
    """Set the attributes that the script changes; those it may not set, and those it makes up, are refused.

    Raises  InvalidInput for such an attribute; NotFound for an unknown script; ScriptError if it comes to no end.
    """
    values = {keyword: _text(dataset.get(keyword)) for keyword in sorted(SHOWN)}
    with scripts_run_for(_ROUTING, instance=str(dataset.SOPInstanceUID)):
        changed = run_named_script(reference, values, now=at)
    for keyword, value in changed.items():
        if not isinstance(value, str):
            raise InvalidInput(
                _("%(keyword)s cannot hold this value") % {"keyword": keyword}, code="BAD_COERCION"
            )
    coerce(dataset, check_coercion(changed), at=at)


def _text(value: Any) -> str:
    """A value as DICOM writes it (PS3.5 §6.4); "" where there is none."""
    if isinstance(value, MultiValue):
        return "\\".join(str(each) for each in value)
    return "" if value is None else str(value)

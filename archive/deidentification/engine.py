"""Walking a data set and doing to each attribute what its rule and the options say, sequences too.

Reference  PS3.15 §E.1.1, §E.2, §E.3
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import BaseTag

from archive.deidentification.dates import is_time_or_offset, shifted
from archive.deidentification.dummies import TEXT, dummy_document, dummy_of
from archive.deidentification.kept import KEPT_BULK, KEPT_BULK_GROUPS, KEPT_CODES, KEPT_TEXT, KEPT_UIDS
from archive.deidentification.options import Option
from archive.deidentification.pseudonyms import Pseudonyms, is_standard_uid
from archive.deidentification.safe_private import is_safe, is_safe_creator
from archive.deidentification.table import Action, rules
from archive.deidentification.words import cleaned, without
from common.errors import InvalidInput

# What reading damaged elements raises: pydicom and its decoders raise anything of these.
DAMAGE = (
    ValueError, TypeError, LookupError, AttributeError, NotImplementedError, OverflowError, RecursionError, OSError,
    EOFError, struct.error, zlib.error,
)  # fmt: skip
TEXT_VRS = frozenset({"LO", "LT", "SH", "ST", "UC", "UT"})
_BULK_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_DEEPEST = 24
PATIENT_NAME, PATIENT_ID = 0x00100010, 0x00100020
_CONTENT_SEQUENCE, _GRAPHIC_ANNOTATION, _ENCAPSULATED = 0x0040A730, 0x00700001, 0x00420011
_KEEPS_ITS_ITEMS = frozenset({_CONTENT_SEQUENCE, _GRAPHIC_ANNOTATION})


@dataclass(slots=True)
class Engine:
    """One object's de-identification: options, pseudonyms, and the words that may not be left anywhere."""

    options: frozenset[Option]
    pseudonyms: Pseudonyms
    words: frozenset[str] = frozenset()
    _depth: int = field(default=0)
    _inside_of: int = field(default=0)

    def apply(self, dataset: Dataset) -> None:
        """De-identify a data set in place. Raises InvalidInput for one nested deeper than any is."""
        if self._depth > _DEEPEST:
            raise InvalidInput("The data set is nested too deeply", code="DATA_SET_DAMAGED")
        for tag in list(dataset.keys()):
            element = _element(dataset, tag)
            if element is None or not self._treat(dataset, element):
                del dataset[tag]

    def _treat(self, dataset: Dataset, element: DataElement) -> bool:
        """Change an element as it must be; False if it has to go."""
        tag = element.tag
        if tag.is_private:
            return self._treat_private(dataset, element)
        if tag.group in range(0x5000, 0x5100) or tag.group in range(0x6000, 0x6100):
            return False  # curves, audio and overlays go whole: what is drawn in them cannot be read
        if tag == PATIENT_NAME and self._depth == 0:
            element.value = self.pseudonyms.patient_name
            return True
        if tag == PATIENT_ID and self._depth == 0:
            element.value = self.pseudonyms.patient_id
            return True
        rule = rules().get(int(tag))
        if rule is None:
            return self._by_vr(element)
        basic = rule.without_options(int(tag), inside=self._inside_of)
        action, option = rule.action(self.options) or (basic, None)
        return self._perform(element, action, option, otherwise=basic)

    def _perform(
        self, element: DataElement, action: Action, option: Option | None, *, otherwise: Action
    ) -> bool:
        match action:
            case Action.REMOVE:
                return False
            case Action.EMPTY:
                return self._empty(element)
            case Action.DUMMY:
                return self._dummy(element)
            case Action.NEW_UID:
                return self._renew(element)
            case Action.KEEP:
                return self._keep(element)
            case Action.CLEAN:
                return self._clean(element, option, otherwise=otherwise)

    def _empty(self, element: DataElement) -> bool:
        element.value = Items() if element.VR == "SQ" else ("" if element.VR not in _BULK_VRS else None)
        return True

    def _dummy(self, element: DataElement) -> bool:
        if element.VR == "SQ":
            for item in element.value or ():
                self._dummy_item(item, of=element)
        elif element.VR == "UI":
            return self._renew(element)
        elif int(element.tag) == _ENCAPSULATED:
            element.value = dummy_document(bytes(element.value or b""))
        elif element.value not in (None, "", b""):
            element.value = dummy_of(element.VR)
        return True

    def _dummy_item(self, item: Dataset, *, of: DataElement) -> None:
        """An item whose content must mean nothing; in structured content the codes make the structure."""
        if "CodeMeaning" in item and int(of.tag) not in _KEEPS_ITS_ITEMS:
            for keyword in list(item.dir()):
                del item[keyword]
            item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = TEXT, "99REMOVED", TEXT
            return
        self._inside(item, of=of)

    def _renew(self, element: DataElement) -> bool:
        if element.VR == "SQ":
            return self._recurse(element)
        element.value = _each(element.value, lambda uid: self.pseudonyms.uid(str(uid)) if uid else "")
        return True

    def _keep(self, element: DataElement) -> bool:
        """Kept by an option: sequences are still looked into, by the same options."""
        return self._recurse(element) if element.VR == "SQ" else True

    def _clean(self, element: DataElement, option: Option | None, *, otherwise: Action) -> bool:
        if element.VR == "SQ":
            return self._recurse(element)
        if option is Option.RETAIN_MODIFIED_DATES:
            return self._shift(element) or self._perform(element, otherwise, None, otherwise=otherwise)
        if element.VR == "AE":
            element.value = _each(element.value, lambda title: self.pseudonyms.ae_title(str(title)))
            return True
        if element.VR not in TEXT_VRS:
            return self._perform(element, otherwise, None, otherwise=otherwise)
        kept = _each(element.value, lambda text: without(cleaned(str(text)), self.words))
        if not any(kept if isinstance(kept, list) else [kept]):
            return self._perform(element, otherwise, None, otherwise=otherwise)
        element.value = kept
        return True

    def _shift(self, element: DataElement) -> bool:
        """Move a date; times of day and the offset from UTC stay. False if there is nothing to move."""
        if element.VR not in {"DA", "DT"}:
            return element.VR in {"TM", "SH"} and is_time_or_offset(str(element.value or ""))
        moved = _each(element.value, lambda day: shifted(str(day), days=self.pseudonyms.shift_days))
        if moved is None or (isinstance(moved, list) and None in moved):
            return False
        element.value = moved
        return True

    def _recurse(self, element: DataElement) -> bool:
        for item in element.value or ():
            self._inside(item, of=element)
        return True

    def _inside(self, item: Dataset, *, of: DataElement) -> None:
        outside, self._inside_of = self._inside_of, int(of.tag)
        self._depth += 1
        try:
            self.apply(item)
        finally:
            self._depth -= 1
            self._inside_of = outside

    def _by_vr(self, element: DataElement) -> bool:  # noqa: PLR0911 - one line a VR
        """An attribute the table does not name: kept if it cannot tell of a person, else by its VR."""
        if element.VR == "SQ":
            return self._recurse(element)
        if not element.keyword:  # not of this edition's dictionary: nobody can say what it holds
            return False
        if element.VR in _BULK_VRS:
            return element.tag.group in KEPT_BULK_GROUPS or int(element.tag) in KEPT_BULK
        match element.VR:
            case "UI":
                return self._unlisted_uid(element)
            case "PN" | "AE" | "UR":
                return self._dummy(element)
            case "DA" | "DT" | "TM":
                return self._unlisted_date(element)
            case "LO" | "LT" | "SH" | "ST" | "UC" | "UT":
                return self._unlisted_text(element)
        return True

    def _unlisted_uid(self, element: DataElement) -> bool:
        if int(element.tag) not in KEPT_UIDS and Option.RETAIN_UIDS not in self.options:
            element.value = _each(
                element.value, lambda uid: uid if is_standard_uid(str(uid)) else self.pseudonyms.uid(str(uid))
            )
        return True

    def _unlisted_date(self, element: DataElement) -> bool:
        if Option.RETAIN_FULL_DATES in self.options:
            return True
        if Option.RETAIN_MODIFIED_DATES in self.options and self._shift(element):
            return True
        return self._dummy(element)

    def _unlisted_text(self, element: DataElement) -> bool:
        tag = int(element.tag)
        if tag in KEPT_CODES:
            whole = _each(element.value, lambda text: "" if str(text).casefold() in self.words else text)
            element.value = whole if tag != _CODE_MEANING else _each(whole, self._guarded)
        elif tag in KEPT_TEXT:
            element.value = _each(element.value, self._guarded)
        elif element.value not in (None, ""):
            element.value = _each(element.value, lambda text: without(cleaned(str(text)), self.words) or TEXT)
        return True

    def _guarded(self, text: Any) -> str:
        return without(str(text), self.words) or (TEXT if text else "")

    def _treat_private(self, dataset: Dataset, element: DataElement) -> bool:
        """Private attributes go, unless the option keeps those known to be safe (§E.3.10)."""
        if Option.RETAIN_SAFE_PRIVATE not in self.options:
            return False
        if element.tag.is_private_creator:
            return is_safe_creator(str(element.value))
        creator = dataset.get((element.tag.group, element.tag.element >> 8))
        name = str(creator.value) if creator is not None else ""
        return is_safe(name, element.tag, element.VR) and self._treat_safe(element)

    def _treat_safe(self, element: DataElement) -> bool:
        """A safe private attribute stays, yet its dates and UIDs follow their options, and no name stays in it."""
        if element.VR == "SQ":
            return self._recurse(element)
        if element.VR == "UI":
            return self._unlisted_uid(element)
        if element.VR in {"DA", "DT", "TM"}:
            shifts = Option.RETAIN_MODIFIED_DATES in self.options
            return Option.RETAIN_FULL_DATES in self.options or (shifts and self._shift(element))
        if element.VR in TEXT_VRS:
            element.value = _each(element.value, self._guarded)
        return True


_CODE_MEANING = 0x00080104


def _element(dataset: Dataset, tag: BaseTag) -> DataElement | None:
    """The element, decoded; None for one whose bytes are no legal value, which nobody can then judge."""
    try:
        return dataset[tag]
    except DAMAGE:
        return None


def _each(value: Any, change: Any) -> Any:
    """The change made to a value, or to each of several."""
    if value is None:
        return None
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        return change(value)
    return [change(part) for part in value]

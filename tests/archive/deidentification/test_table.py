"""Every row of Table E.1-1, attribute by attribute, does what its code says; and so does every option."""

from __future__ import annotations

import datetime as dt

import pytest
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from archive.deidentification.engine import PATIENT_ID, PATIENT_NAME, TEXT_VRS, Engine
from archive.deidentification.options import CODES, Option
from archive.deidentification.pseudonyms import Pseudonyms
from archive.deidentification.table import KNOWN_TYPES, Action, group_rules, rules

SECRET = b"k" * 32
ORIGINAL_UID = "1.2.3.4.5"
VALUES = {
    "AE": "STATION7", "AS": "047Y", "CS": "CANARY", "DA": "20240229", "DT": "20240229101112.5+0800", "TM": "101112",
    "DS": "1.5", "IS": "7", "PN": "Canary^Carl", "UI": ORIGINAL_UID, "UR": "http://canary.example/", "FD": 1.5,
    "FL": 1.5, "US": 7, "UL": 7, "SS": -7, "SL": -7, "OB": b"canary", "OW": b"canary", "UN": b"canary",
}  # fmt: skip
TEXT = "CANARY chest 4711"


def element_of(tag):
    ds = Dataset()
    vr = dictionary_VR(tag) if dictionary_has_tag(tag) else "LO"
    vr = {"US or SS": "US", "OB or OW": "OW", "US or OW": "OW"}.get(vr, vr)
    if vr == "SQ":
        item = Dataset()
        item.PatientComments = "CANARY"
        item.ReferencedSOPInstanceUID = ORIGINAL_UID
        ds.add_new(tag, "SQ", Items([item]))
    else:
        ds.add_new(tag, vr, TEXT if vr in TEXT_VRS else VALUES[vr])
    return ds


def done(tag, *options):
    ds = element_of(tag)
    before = ds[tag].value
    Engine(frozenset(options), Pseudonyms(SECRET, "p")).apply(ds)
    return before, ds.get(tag)


def is_empty(element):
    return element.value in (None, "", b"") or len(element.value) == 0


@pytest.mark.parametrize(("tag", "rule"), rules().items(), ids=lambda part: getattr(part, "keyword", ""))
def test_an_attribute_is_treated_as_its_basic_code_says(tag, rule):
    before, after = done(tag)
    action = rule.without_options(tag)

    if tag in (PATIENT_NAME, PATIENT_ID):
        assert after.value not in (before, "")
    elif action is Action.REMOVE:
        assert after is None
    elif action is Action.EMPTY:
        assert is_empty(after)
    elif after.VR == "SQ":
        (item,) = after.value
        assert "PatientComments" not in item
        assert item.ReferencedSOPInstanceUID.startswith("2.25.")
    elif action is Action.NEW_UID:
        assert after.value.startswith("2.25.")
    else:
        assert action is Action.DUMMY
        assert after.value != before
        assert not is_empty(after) if isinstance(after.value, str | bytes) else True
        assert "CANARY" not in str(after.value)


@pytest.mark.parametrize(
    "option", [option for option in Option if option is not Option.CLEAN_VISUAL_FEATURES]
)
def test_an_option_changes_the_attributes_of_its_column(option):
    with_option = {tag: rule.options[option] for tag, rule in rules().items() if option in rule.options}
    for tag, code in with_option.items():
        before, after = done(tag, option)
        if tag in (PATIENT_NAME, PATIENT_ID):
            continue
        if code == "K" and after.VR != "SQ":
            assert after.value == before, hex(tag)
        elif code == "X":
            assert after is None
        elif (
            code == "C" and after is not None and after.VR in TEXT_VRS and option is Option.CLEAN_DESCRIPTORS
        ):
            assert "CANARY" not in str(after.value)
            assert "4711" not in str(after.value)
            assert "chest" in after.value, hex(tag)
        elif (
            code == "C" and option is Option.RETAIN_MODIFIED_DATES and after is not None and after.VR == "DA"
        ):
            days = Pseudonyms(SECRET, "p").shift_days
            assert after.value == f"{dt.date(2024, 2, 29) - dt.timedelta(days=days):%Y%m%d}"


def test_the_table_is_whole():
    assert len(rules()) == 652  # attributes with a tag of their own, edition 2026c
    assert set(group_rules()) == {"50XXXXXX", "60XX3000", "60XX4000", "PRIVATE"}
    assert set(CODES) == set(Option)
    assert set(KNOWN_TYPES) <= set(rules())
    printed = {"0010,0010": "Z", "0010,0020": "Z/D", "0008,0050": "Z", "0020,000D": "U", "0008,0018": "U",
               "0008,103E": "X", "0008,0080": "X/Z/D", "0008,1140": "X/Z/U*", "0040,A730": "D", "0018,1030": "X/D",
               "0008,0022": "X/Z", "0008,0023": "Z/D"}  # fmt: skip
    for tag, code in printed.items():
        assert rules()[int(tag.replace(",", ""), 16)].basic == code


@pytest.mark.parametrize(("group", "element"), [(0x5000, 0x3000), (0x6000, 0x3000), (0x6002, 0x4000)])
def test_curves_and_overlays_go_whole(group, element):
    ds = Dataset()
    ds.add_new((group, 0x0010), "US", 4)
    ds.add_new(
        (group, element), "LT" if element == 0x4000 else "OW", "CANARY" if element == 0x4000 else b"ca"
    )

    Engine(frozenset(), Pseudonyms(SECRET, "p")).apply(ds)

    assert len(ds) == 0


def test_private_attributes_go_unless_known_to_be_safe():
    ds = Dataset()
    block = ds.private_block(0x7053, "Philips PET Private Group", create=True)
    block.add_new(0x00, "DS", "0.0125")
    block.add_new(0x10, "LO", "CANARY")
    other = ds.private_block(0x0009, "CANARY MAKER", create=True)
    other.add_new(0x01, "LO", "CANARY")
    safe = Dataset()
    safe.update(ds)

    Engine(frozenset(), Pseudonyms(SECRET, "p")).apply(ds)
    Engine(frozenset({Option.RETAIN_SAFE_PRIVATE}), Pseudonyms(SECRET, "p")).apply(safe)

    assert len(ds) == 0
    assert [element.value for element in safe] == ["Philips PET Private Group", "0.0125"]

"""Every row of Table E.1-1, attribute by attribute, does what its code says; and so does every option."""

from __future__ import annotations

import copy
import datetime as dt

import pytest
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from archive.deidentification.engine import PATIENT_ID, PATIENT_NAME, TEXT_VRS, Engine
from archive.deidentification.options import CODES, Option
from archive.deidentification.pseudonyms import Pseudonyms
from archive.deidentification.safe_private import safe_attributes
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


@pytest.mark.parametrize("option", Option)
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


# Rows as PS3.15 prints them: tag, what each option's column says.
OPTIONS_PRINTED = {
    "0008,0054": "device=C", "0008,0055": "device=C", "0008,1000": "device=C", "0008,1010": "device=K",
    "0008,0080": "institution=K", "0012,0031": "institution=K", "0400,0564": "institution=K",
    "0008,1120": "uids=K", "0018,1002": "uids=K device=K", "006A,0003": "uids=K", "0040,A124": "", "0400,0100": "",
    "0018,1200": "device=K full_dates=K modified_dates=C", "300C,0127": "device=K full_dates=K modified_dates=C",
    "0008,0020": "full_dates=K modified_dates=C", "0400,0310": "full_dates=K modified_dates=C", "0010,0030": "",
    "0010,0040": "patient=K", "0010,2161": "patient=K", "0010,2162": "patient=K", "0010,0043": "patient=K",
    "0010,0042": "patient=C descriptors=C", "0010,2110": "patient=C descriptors=C", "0038,0050": "patient=C",
    "0008,103E": "descriptors=C", "0008,1301": "descriptors=C", "0016,004B": "descriptors=C",
    "0072,0066": "descriptors=C",
    "0050,0020": "device=K", "4000,4000": "", "0040,3001": "", "0010,0011": "", "0010,0041": "",
    "0018,1010": "device=K", "0018,1011": "device=K", "003A,0020": "descriptors=C", "003A,0203": "descriptors=C",
    "003A,020C": "descriptors=C", "0040,0556": "descriptors=C", "0040,B020": "structured=C", "0040,E012": "",
    "0070,0006": "descriptors=C", "0040,0555": "structured=C",
    "0040,0610": "structured=C", "0040,A730": "structured=C", "0070,0001": "graphics=C",
}  # fmt: skip


@pytest.mark.parametrize(("printed", "options"), OPTIONS_PRINTED.items())
def test_a_row_has_the_options_the_standard_prints(printed, options):
    rule = rules()[int(printed.replace(",", ""), 16)]

    assert {f"{option.value}={code}" for option, code in rule.options.items()} == set(options.split())


def test_the_option_columns_have_as_many_rows_as_the_standard():
    count = {option: sum(option in rule.options for rule in rules().values()) for option in Option}
    grouped = [rule.options for rule in group_rules().values()]

    assert count[Option.RETAIN_FULL_DATES] == count[Option.RETAIN_MODIFIED_DATES] == 165 + 4
    assert count[Option.RETAIN_UIDS] == 60
    assert count[Option.RETAIN_DEVICE_IDENTITY] == 57 + 2
    assert count[Option.RETAIN_INSTITUTION_IDENTITY] == 10
    assert count[Option.RETAIN_PATIENT_CHARACTERISTICS] == 14 + 5
    assert count[Option.CLEAN_DESCRIPTORS] == 125 + 9 + 5
    assert count[Option.CLEAN_STRUCTURED_CONTENT] == 3 + 1
    assert count[Option.CLEAN_GRAPHICS] + sum(Option.CLEAN_GRAPHICS in options for options in grouped) == 4
    assert [options for options in grouped if Option.RETAIN_SAFE_PRIVATE in options]


def test_a_date_of_a_kept_device_is_shifted_where_dates_are():
    before, after = done(0x00181200, Option.RETAIN_DEVICE_IDENTITY, Option.RETAIN_MODIFIED_DATES)
    _, kept = done(0x00181200, Option.RETAIN_DEVICE_IDENTITY)

    assert after.value != before == kept.value


def test_the_title_of_a_kept_device_is_one_that_tells_nobody_which():
    """§E.3.8: cleaned, that is of like meaning, known to hold nothing that identifies."""
    _, station = done(0x00080055, Option.RETAIN_DEVICE_IDENTITY)
    _, scheduled = done(0x00400001, Option.RETAIN_DEVICE_IDENTITY)
    _, gone = done(0x00080055)

    assert station.value == scheduled.value == Pseudonyms(SECRET, "other patient").ae_title("STATION7 ")
    assert "STATION7" not in station.value
    assert 0 < len(station.value) <= 16
    assert Pseudonyms(b"o" * 32, "p").ae_title("STATION7") != station.value
    assert gone is None


# Table E.3.10-1: creator, element, VR.
SAFE_PRINTED = [
    ("ELSCINT1", 0x00E1, 0x21, "DS"), ("ELSCINT1", 0x01F1, 0x26, "DS"), ("GEMS_ACQU_01", 0x0019, 0x9E, "LO"),
    ("GEMS_PARM_01", 0x0043, 0x39, "IS"), ("GEMS_SERS_01", 0x0025, 0x07, "SL"), ("GEIIS PACS", 0x0903, 0x11, "US"),
    ("SIEMENS MR HEADER", 0x0019, 0x0E, "FD"), ("Philips Imaging DD 001", 0x2001, 0x03, "FL"),
    ("HOLOGIC, Inc.", 0x7E01, 0x12, "OB"), ("NQHeader", 0x0099, 0x02, "UI"), ("NQRight", 0x0299, 0x16, "FL"),
    ("SIEMENS Ultrasound SC2000", 0x0149, 0x03, "FD"),
    ("SIEMENS SYNGO ULTRA-SOUND TOYON DATA STREAMING", 0x7FD1, 0x10, "OB"),
]  # fmt: skip


@pytest.mark.parametrize(("creator", "group", "element", "vr"), SAFE_PRINTED)
def test_a_private_attribute_of_the_safe_list_is_known_with_its_vr(creator, group, element, vr):
    assert safe_attributes()[creator, group, element] == vr


def test_what_is_kept_of_private_blocks_follows_the_options_of_dates_and_uids():
    ds = Dataset()
    block = ds.private_block(0x0099, "NQHeader", create=True)
    block.add_new(0x02, "UI", ORIGINAL_UID)
    block.add_new(0x05, "OB", b"canary")  # the list says LT: bytes in its place may hold anything
    scan = ds.private_block(0x0009, "GEMS_PETD_01", create=True)
    scan.add_new(0x0D, "DT", "20240229101112")
    shifted = copy.deepcopy(ds)

    safe = Option.RETAIN_SAFE_PRIVATE
    Engine(frozenset({safe}), Pseudonyms(SECRET, "p")).apply(ds)
    Engine(
        frozenset({safe, Option.RETAIN_MODIFIED_DATES, Option.RETAIN_UIDS}), Pseudonyms(SECRET, "p")
    ).apply(shifted)

    assert [element.value for element in ds if not element.tag.is_private_creator] == [
        Pseudonyms(SECRET, "p").uid(ORIGINAL_UID)
    ]
    kept = [element.value for element in shifted if not element.tag.is_private_creator]
    assert kept[0].endswith("101112")
    assert not kept[0].startswith("20240229")
    assert kept[1] == ORIGINAL_UID

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import InvalidInput
from integrations.hl7.fields import Delimiters, parse, read_header

HEADER = "MSH|^~\\&|HIS|COUNTY|||20260302||ADT^A08|1|P|2.5.1"


def message(*lines: str, end: str = "\r"):
    return parse((end.join([HEADER, *lines]) + end).encode())


def test_fields_are_counted_like_the_standard_counts_them():
    read = message("PID|1||1001^^^COUNTY&2.25.1&ISO^MR~77^^^PROV||Zhang^Wei")
    assert read["MSH"][1].raw == "|"
    assert read["MSH"][2].raw == "^~\\&"
    assert read["MSH"][9].component(2) == "A08"
    pid = read["PID"]
    assert pid[3].value == "1001"
    assert (pid[3].component(4, 1), pid[3].component(4, 2), pid[3].component(5)) == ("COUNTY", "2.25.1", "MR")
    assert [repetition.component(4) for repetition in pid[3].repetitions] == ["COUNTY", "PROV"]


def test_what_is_not_there_reads_as_empty():
    read = message("PID|1")
    assert not read["ZZZ"]
    assert read["ZZZ"][5].value == ""
    assert read["PID"][40].component(7, 3) == ""
    assert read["PID"][40].repetitions == []


def test_an_explicit_null_says_nothing_but_is_told_apart():
    field = message('PID|1||""')["PID"][3]
    assert (bool(field), field.is_null, field.value, field.repetitions) == (False, True, "", [])


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_segments_may_end_in_any_line_break(end):
    assert message("PID|1||7", "PV1|1|O", end=end)["PV1"][2].value == "O"


def test_a_bare_line_break_inside_a_value_continues_it():
    read = message("OBX|1|ED|||JVBERi0x\nLjMNCg==||||||F")
    assert read["OBX"][5].raw == "JVBERi0x\nLjMNCg=="
    assert read["OBX"][11].value == "F"


def test_text_after_a_line_break_cannot_pose_as_a_segment():
    read = message("OBX|1|FT|||harmless\nPID|1||9999", "PID|1||1001")
    assert read["PID"][3].value == "1001"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (r"A\T\B", "A&B"),
        (r"\F\\S\\R\\E\\T\ ", "|^~\\&"),
        (r"one\.br\two", "one\ntwo"),
        (r"\H\grave\N\ ", "grave"),
        (r"\X41\\X42\ ", "AB"),
        (r"\XE5BCA0\ ", "张"),
        (r"\XE5\\XBC\\XA0\ ", "张"),
        (r"\Zunknown\ ", r"\Zunknown" + "\\"),
        ("open \\ end", "open \\ end"),
    ],
)
def test_escape_sequences_mean_what_2_7_says(written, said):
    assert message(f"NTE|1||{written}")["NTE"][3].text == said


def test_hexadecimal_is_read_in_the_messages_own_character_set():
    data = (HEADER + "|" * 6 + "8859/1\rNTE|1||OPERA\\XC7\\\\XC3\\O\r").encode("latin-1")
    assert parse(data)["NTE"][3].text == "OPERAÇÃO"


@pytest.mark.parametrize(
    ("named", "codec", "text"),
    [
        ("UNICODE UTF-8", "utf-8", "张伟 Müller"),
        ("GB 18030-2000", "gb18030", "张伟"),
        ("8859/1", "latin-1", "Müller"),
        ("8859/15", "iso8859_15", "Œuvre €"),
        ("", "utf-8", "张伟"),
    ],
)
def test_msh_18_tells_how_the_bytes_are_read(named, codec, text):
    data = f"{HEADER}||||||{named}\rPID|1||1||{text}\r".encode(codec)
    assert parse(data)["PID"][5].value == text


def test_a_chinese_character_whose_second_byte_is_a_delimiter_stays_whole():
    text = b"\xd3|\xb7^".decode("gb18030")
    assert len(text) == 2
    data = f"{HEADER}||||||GB18030\rPID|1||1||{text}^Wei\r".encode("gb18030")
    assert (parse(data)["PID"][5].value, parse(data)["PID"][5].component(2)) == (text, "Wei")


def test_the_links_character_set_holds_where_the_sender_names_none():
    data = f"{HEADER}\rPID|1||1||张伟\r".encode("gb18030")
    assert parse(data, character_set="GB18030")["PID"][5].value == "张伟"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "NO_HEADER"),
        (b"\x00\x01\x02", "NO_HEADER"),
        (b"GET / HTTP/1.1\r\n\r\n", "NO_HEADER"),
        (b"FHS|^~\\&|a\rBHS|^~\\&|a\rMSH|^~\\&|a\r", "NO_HEADER"),
        (b"MSH|||||||", "ENCODING_CHARACTERS"),
        (b"MSH|^^\\&|a|b\r", "ENCODING_CHARACTERS"),
        (b"MSHxabcdxax\r", "ENCODING_CHARACTERS"),
        (HEADER.encode() + b"||||||UNICODE UTF-16\r", "VALUE_UNKNOWN"),
        (HEADER.encode() + b"||||||ISO IR6~ISO IR87\r", "VALUE_UNKNOWN"),
        (HEADER.encode() + b"||||||UNICODE UTF-8\rPID|1||\xff\xfe\r", "DATA_TYPE"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(data, code):
    with pytest.raises(InvalidInput) as refusal:
        parse(data)
    assert refusal.value.code == code


def test_odd_delimiters_are_taken_from_the_header():
    read = parse(b"MSH#$%*@#HIS#COUNTY\rPID#1##1001$$$COUNTY@2.25.1%77\r")
    assert read["PID"][3].component(4, 2) == "2.25.1"
    assert len(read["PID"][3].repetitions) == 2


def test_a_header_with_two_encoding_characters_is_enough():
    read = parse(b"MSH|^~|HIS|COUNTY\rPID|1||1001^^^C&D~77\r")
    assert read["PID"][3].component(4) == "C&D"


def test_a_byte_order_mark_is_passed_over():
    assert parse(b"\xef\xbb\xbf" + HEADER.encode())["MSH"][3].value == "HIS"


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"])))
def test_whatever_is_escaped_reads_back_as_it_was(text):
    signs = Delimiters()
    written = signs.escaped(text)
    assert not set(written) & set("|^~&\r\n")
    assert signs.unescaped(written) == text.replace("\r\n", "\n").replace("\r", "\n")


@given(st.lists(st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc"])), min_size=1, max_size=6))
def test_components_survive_the_way_through_a_message(parts):
    written = "^".join(Delimiters().escaped(part) for part in parts)
    field = message(f"ZZZ|{written}|end")["ZZZ"][1]
    assert [field.component(number + 1) for number in range(len(parts))] == [
        "" if part == '""' else part.strip() for part in parts
    ]


@given(st.binary(max_size=400))
def test_no_bytes_do_more_than_be_refused(data):
    for candidate in (data, b"MSH" + data, HEADER.encode() + b"\r" + data):
        try:
            read = parse(candidate)
        except InvalidInput:
            continue
        for segment in read.segments:
            for number in range(1, 30):
                assert isinstance(segment[number].component(2, 2), str)
                assert isinstance(segment[number].text, str)
        assert read_header(candidate)[10] is not None

"""The system's wall alone: the language's is taken away, and still nothing is reached."""

from __future__ import annotations

import json
import signal
import time
import tomllib
from pathlib import Path

import pytest

from workflows.scripting.answers import Refusal, read_answer
from workflows.scripting.inside.syscalls import MACHINES, program

ATTEMPTS = tomllib.loads((Path(__file__).parent / "walls.toml").read_text())["attempt"]
LIBC = "import ctypes; libc = ctypes.CDLL(None)\n"


def ask(pool, source, *, do="run"):
    return pool.ask(json.dumps({"do": do, "source": source, "data": {}}).encode())


def test_without_the_languages_wall_python_is_python(unnarrowed_pool):
    outcome = ask(unnarrowed_pool, "x = ().__class__.__base__.__name__")
    assert json.loads(outcome.output) == {"values": {"x": "object"}}


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=[each["tries"] for each in ATTEMPTS])
def test_a_call_to_the_system_ends_the_process_on_the_spot(attempt, unnarrowed_pool):
    source = LIBC + attempt["source"] + "\nx = 'still here'"

    outcome = ask(unnarrowed_pool, source)

    assert outcome.status == -signal.SIGSYS
    assert outcome.output == b""
    with pytest.raises(Refusal) as caught:
        read_answer(outcome, source=source, gives="values")
    assert (caught.value.code, caught.value.why) == ("SCRIPT_DENIED", "call")


def test_an_answer_written_by_hand_before_a_forbidden_call_does_not_count(unnarrowed_pool):
    source = """
import posix
posix.write(3, b'{"values": {"x": 1}}')
posix.getpid()
"""
    outcome = ask(unnarrowed_pool, source)
    assert outcome.output == b'{"values": {"x": 1}}'
    with pytest.raises(Refusal, match="SCRIPT_DENIED"):
        read_answer(outcome, source=source, gives="values")


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (b'{"values": NaN}', "SCRIPT_DENIED"),
        (b'{"values": {"x": "\\ud800"}}', "SCRIPT_DENIED"),
        (b'{"values": {"x": "\\u0000"}}', "SCRIPT_DENIED"),
        (b"[" * 100_000, "SCRIPT_DENIED"),
        (b"\xff\xfe", "SCRIPT_DENIED"),
        (b"[]", "SCRIPT_DENIED"),
        (b"{}", "SCRIPT_DENIED"),
        (b'{"values": [1]}', "SCRIPT_DENIED"),
        (b"", "SCRIPT_DENIED"),
        (b'{"code": "NO_SUCH_CODE", "line": -3, "why": "<b>", "what": "Zhang San"}', "SCRIPT_DENIED"),
    ],
)
def test_an_answer_written_by_hand_is_not_believed(written, code, unnarrowed_pool):
    source = f"import posix\nposix.write(3, {written!r})\nposix._exit(0)"

    outcome = ask(unnarrowed_pool, source)

    assert (outcome.status, outcome.output) == (0, written)
    with pytest.raises(Refusal) as caught:
        read_answer(outcome, source="x = 1", gives="values")
    refusal = caught.value
    assert (refusal.code, refusal.line, refusal.what) == (code, None, "")
    assert "<" not in refusal.why


def test_an_endless_answer_is_cut_off(unnarrowed_pool):
    outcome = ask(unnarrowed_pool, "import posix\nwhile True:\n    posix.write(3, b'A' * 65536)")
    assert outcome.is_too_long
    assert len(outcome.output) <= unnarrowed_pool.limits.result + (1 << 18)


def test_memory_is_bounded_without_the_language(unnarrowed_pool):
    outcome = ask(unnarrowed_pool, "x = b'A' * (65 << 20)")
    assert json.loads(outcome.output)["code"] == "SCRIPT_MEMORY"


def test_the_kernel_ends_what_we_would_not(unnarrowed_pool):
    """CPU time is a limit of its own: it holds where nobody watches the clock any more."""
    outcome = ask(unnarrowed_pool, "while True:\n    pass")
    assert not outcome.is_late
    assert outcome.status == -signal.SIGXCPU


def test_a_loop_is_ended_within_a_second_of_its_limit(hasty_pool):
    ask(hasty_pool, "x = 1")
    began = time.monotonic()
    outcome = ask(hasty_pool, "while True:\n    pass")
    took = time.monotonic() - began
    assert outcome.is_late
    assert outcome.status == -signal.SIGKILL
    assert 0.25 <= took < 1.25


def test_a_crash_of_the_interpreter_is_the_scripts_alone(unnarrowed_pool):
    outcome = ask(unnarrowed_pool, "import ctypes\nctypes.string_at(8)")
    assert outcome.status == -signal.SIGSEGV
    assert json.loads(ask(unnarrowed_pool, "x = 1").output) == {"values": {"x": 1}}


@pytest.mark.parametrize("machine", sorted(MACHINES))
def test_every_jump_of_the_filter_stays_inside_it(machine):
    code = program(3, machine)
    steps = [code[at : at + 8] for at in range(0, len(code), 8)]
    for at, step in enumerate(steps):
        if step[0] & 0x07 == 0x05:  # BPF_JMP
            assert at + 1 + max(step[2], step[3]) < len(steps)
    assert int.from_bytes(steps[-1][4:], "little") == 0x8000_0000  # what is on no list ends the process

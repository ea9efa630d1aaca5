"""The system calls left to a script's process, as a filter the kernel keeps for it (seccomp(2), mode 2).

An allow-list: memory without execution, reading and writing the one descriptor, and the end. Anything else
ends the process on the spot, with SIGSYS as the reason its parent reads.
"""

from __future__ import annotations

import os
import struct

_LOAD, _EQUALS, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_KILL_PROCESS, _ALLOW = 0x8000_0000, 0x7FFF_0000
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16
_PROT_EXEC, _MAP_ANONYMOUS = 0x4, 0x20


class Machine:
    """A processor's numbers: its AUDIT_ARCH, and the calls a script's process makes."""

    def __init__(self, audit_arch: int, calls: dict[str, int]) -> None:
        self.audit_arch, self.calls = audit_arch, calls


_NAMES = (
    "read", "write", "mmap", "mprotect", "munmap", "brk", "rt_sigreturn", "mremap", "madvise", "exit", "futex",
    "restart_syscall", "exit_group",
)  # fmt: skip
MACHINES = {
    "x86_64": Machine(
        0xC000_003E, dict(zip(_NAMES, (0, 1, 9, 10, 11, 12, 15, 25, 28, 60, 202, 219, 231), strict=True))
    ),
    "aarch64": Machine(
        0xC000_00B7,
        dict(zip(_NAMES, (63, 64, 222, 226, 215, 214, 139, 216, 233, 93, 98, 128, 94), strict=True)),
    ),
}
_GUARDED = ("read", "write", "mmap", "mprotect")
_CLOCK = {
    "x86_64": 228,
    "aarch64": 113,
}  # clock_gettime, which is a call where the kernel shares no page for it


def program(descriptor: int, machine: str | None = None, *, has_clock: bool = False) -> bytes:
    """The filter in classic BPF. Raises LookupError for a processor whose numbers we do not know.

    `has_clock` leaves reading the clock, too: to processes that bound themselves by it, never to scripts.
    """
    numbers = MACHINES[machine or os.uname().machine]
    steps = [
        _step(_LOAD, _ARCH_AT),
        _step(_EQUALS, numbers.audit_arch, if_true=1),
        _step(_RETURN, _KILL_PROCESS),
        _step(_LOAD, _NUMBER_AT),
    ]
    for name in ("read", "write"):
        steps += _only(numbers.calls[name], _argument(0), _step(_EQUALS, descriptor, if_false=1))
    executable = _step(_ANY_BIT, _PROT_EXEC, if_true=1)
    steps += _only(numbers.calls["mprotect"], _argument(2), executable)
    steps += _only(
        numbers.calls["mmap"],
        _argument(2), _step(_ANY_BIT, _PROT_EXEC, if_true=3),
        _argument(3), _step(_ANY_BIT, _MAP_ANONYMOUS, if_false=1),
    )  # fmt: skip
    for name, number in numbers.calls.items():
        if name not in _GUARDED:
            steps += [_step(_EQUALS, number, if_false=1), _step(_RETURN, _ALLOW)]
    if has_clock:
        steps += [_step(_EQUALS, _CLOCK[machine or os.uname().machine], if_false=1), _step(_RETURN, _ALLOW)]
    return b"".join([*steps, _step(_RETURN, _KILL_PROCESS)])


def _only(number: int, *tests: bytes) -> list[bytes]:
    """Allow a call whose arguments pass the tests; the last test jumps over the first return if it fails."""
    block = [*tests, _step(_RETURN, _ALLOW), _step(_RETURN, _KILL_PROCESS)]
    return [_step(_EQUALS, number, if_false=len(block)), *block]


def _argument(position: int) -> bytes:
    """Load the low half of an argument: descriptors, protections and flags have no more."""
    return _step(_LOAD, _ARGUMENTS_AT + 8 * position)


def _step(code: int, value: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)

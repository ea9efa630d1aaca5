"""How a process gives up what it could do: its files, its network, its rights, its limits, its system calls.

The zygote withdraws what one process can withdraw for all its children; each child then takes the rest off
itself. Namespaces need the system's leave and are a second wall; the filter of system calls is the first.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal

from .syscalls import MACHINES, program

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SECCOMP_MODE_FILTER = 2
_CLONE_NEWNS, _CLONE_NEWUTS, _CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWNET = (
    0x0002_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x4000_0000,
)  # fmt: skip
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT, _MS_REC, _MS_PRIVATE = (
    1,
    2,
    4,
    8,
    32,
    16384,
    1 << 18,
)
_MNT_DETACH = 2
_CAPABILITIES_V3 = 0x2008_0522
NOBODY = 65534
_UNUSED = (
    resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE,
)  # fmt: skip


class CallFilter(ctypes.Structure):
    """struct sock_fprog: a filter of system calls, as the kernel takes it."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def call_filter(descriptor: int, *, has_clock: bool = False) -> CallFilter | None:
    """The filter for processes that speak on this descriptor; None where the kernel or the processor has none."""
    refused = _libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), 0, 0, 0)
    if refused == 0 or ctypes.get_errno() != errno.EFAULT or os.uname().machine not in MACHINES:
        return None
    steps = program(descriptor, has_clock=has_clock)
    return CallFilter(len(steps) // 8, steps)


def withdraw(*, memory: int) -> bool:
    """Leave the file system, the network and the rights of whoever started us; whether namespaces were had.

    Without them (a container that grants none) the process still stops being root, and its children's
    filter still leaves them no call that would reach a file or a socket. What holds for the zygote as well
    as for its children is limited here, once: children inherit it.
    """
    _make_likely_to_go_when_memory_is_short()
    space = _address_space() + memory
    is_apart = _unshare()
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    _drop_capabilities()
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_DUMPABLE, 0)
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    for limit in _UNUSED:
        resource.setrlimit(limit, (0, 0))
    return is_apart


def confine(*, parent: int, cpu_s: int, filter_: CallFilter | None) -> None:
    """Take from a child all that its one call does not need; there is no way back.

    Raises  OSError where the system will not have it; the process must not go on then.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    narrow(cpu_s=cpu_s, filter_=filter_)


def narrow(*, cpu_s: int, filter_: CallFilter | None) -> None:
    """Limit what a process takes, and leave it the calls of its filter alone."""
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    if filter_ is not None:
        _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(filter_))


def _address_space() -> int:
    """The bytes of address space this process has."""
    return int(_read("/proc/self/statm").split()[0]) * resource.getpagesize()


def _unshare() -> bool:
    """Have a network without interfaces, and a file system with nothing in it."""
    uid, gid = os.geteuid(), os.getegid()
    apart = _CLONE_NEWNS | _CLONE_NEWUTS | _CLONE_NEWIPC | _CLONE_NEWNET
    try:
        _called(_libc.unshare(apart if uid == 0 else apart | _CLONE_NEWUSER))
        if uid != 0:
            _write("/proc/self/setgroups", "deny")
            _write("/proc/self/uid_map", f"{uid} {uid} 1")
            _write("/proc/self/gid_map", f"{gid} {gid} 1")
        _enter_empty_root()
    except OSError:
        return False
    return True


def _enter_empty_root() -> None:
    """pivot_root(2) onto an empty file system in memory, read-only, and let go of the old one."""
    harmless = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    _called(_libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None))
    _called(_libc.mount(b"tmpfs", b"/tmp", b"tmpfs", harmless, b"size=4k,nr_inodes=2"))
    os.chdir("/tmp")  # noqa: S108
    _called(_libc.syscall(ctypes.c_long(_pivot_root_number()), b".", b"."))
    _called(_libc.umount2(b".", _MNT_DETACH))
    os.chdir("/")
    _called(_libc.mount(b"tmpfs", b"/", None, _MS_REMOUNT | _MS_RDONLY | harmless, None))


def _pivot_root_number() -> int:
    return {"x86_64": 155, "aarch64": 41}[os.uname().machine]


def _drop_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
    _called(_libc.capset(header, (ctypes.c_uint32 * 6)()))


def _make_likely_to_go_when_memory_is_short() -> None:
    try:
        _write("/proc/self/oom_score_adj", "1000")
    except OSError:
        return


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:  # noqa: PTH123 - pathlib would be forked along with every child
        file.write(text)


def _read(path: str) -> str:
    with open(path) as file:  # noqa: PTH123
        return file.read()


def _prctl(option: int, value: int, pointer: object = 0) -> None:
    _called(_libc.prctl(option, ctypes.c_ulong(value), pointer, 0, 0))


def _called(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))

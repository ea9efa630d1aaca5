"""Memory that is really there before the clock starts."""

from __future__ import annotations

import mmap
import os


def claim_memory(size_bytes: int) -> None:
    """Touch so much memory and give it back, for whoever is measured next to take.

    A virtual machine gets a page from its host when it is first touched, at ten times what a page costs later, and
    gives what is free back after a while. An object of half a megabyte then costs 1.8 ms more, whoever receives it.
    Bounded by half of what is free.
    """
    size = min(size_bytes, os.sysconf("SC_AVPHYS_PAGES") * mmap.PAGESIZE // 2)
    with mmap.mmap(-1, max(size, mmap.PAGESIZE)) as memory:
        for at in range(0, size, mmap.PAGESIZE):
            memory[at] = 1

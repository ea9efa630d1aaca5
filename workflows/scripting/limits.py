"""How much of the machine one script may take."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

MOST_DATA = 4 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """The wall time is kept by us, the rest by the kernel. `memory` is beside what Python itself takes."""

    wall_s: float = 1.0
    cpu_s: int = 1
    memory: int = 64 << 20
    result: int = 1 << 20

    @classmethod
    def configured(cls) -> Limits:
        """What this installation grants."""
        return cls(
            wall_s=settings.SCRIPT_WALL_SECONDS,
            cpu_s=max(1, round(settings.SCRIPT_WALL_SECONDS)),
            memory=settings.SCRIPT_MEMORY_MIB << 20,
            result=settings.SCRIPT_RESULT_KIB << 10,
        )

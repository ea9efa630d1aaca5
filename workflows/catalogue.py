"""The news a diagram may wait for. Events are published far from here; their names are the agreement."""

from __future__ import annotations

MESSAGES: dict[str, str] = {
    "OrderReceived": "An order came in: site, expert site, procedure, modality, service, priority.",
    "StudyReceived": "The first object of a study is stored.",
    "SeriesComplete": "A series is complete: modality, number of instances, thin slices or not, derived or not.",
    "ReportSigned": "A report became final.",
    "ReportDelivered": "A receiver has accepted a report.",
}

# News of the engine's own, for pages and other packages: no process waits for it or throws it.
OUR_OWN = frozenset(
    {
        "CaseChanged",
        "CaseCommented",
        "CaseFilesChanged",
        "EscalationThrown",
        "JobChanged",
        "SignalOffered",
        "SignalThrown",
        "UserTaskClosed",
        "UserTaskOffered",
    }
)

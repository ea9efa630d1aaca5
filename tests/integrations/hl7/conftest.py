"""A listener and an EMR on real sockets, and reports to send."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connections

from accounts.services import grant_studies
from archive.reports.models import Report
from archive.reports.services import sign_report
from archive.studies.models import Study
from integrations.hl7 import delivery, dispatch
from integrations.hl7.listener import Application, Limits, Listener
from integrations.simulators.emr import EmrServer
from tests.archive.orders.orders import place_order
from tests.personas import Cast


@pytest.fixture(autouse=True)
def no_delivery_nudges() -> None:
    """Tests deliver themselves."""
    delivery.use_nudge(None)


class ServedListener:
    """A listener served by a thread of this process; `stop` ends it the way SIGTERM does."""

    def __init__(self, application: Application, limits: Limits | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._listener = Listener(application, workers=2, limits=limits)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port: int = self._call(self._listener.start("127.0.0.1", 0))

    def stop(self) -> None:
        if self._thread.is_alive():
            self._call(self._listener.stop())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)


@pytest.fixture
def serve() -> Iterator[Callable[..., ServedListener]]:
    """Serve an application, the product's own unless another is given."""
    served: list[ServedListener] = []

    def start(
        receive: Callable[[bytes], bytes] | None = None,
        note_broken_frame: Callable[[bytes, bool], bytes] | None = None,
        limits: Limits | None = None,
    ) -> ServedListener:
        application = Application(
            receive or closing(dispatch.receive),
            note_broken_frame
            or closing(lambda data, big: dispatch.note_broken_frame(data, is_too_large=big)),
        )
        served.append(ServedListener(application, limits))
        return served[-1]

    yield start
    for one in served:
        one.stop()


def closing(work):
    """Work whose thread keeps no connection to the test's database."""

    def closed(*arguments):
        try:
            return work(*arguments)
        finally:
            connections.close_all()

    return closed


@pytest.fixture
def emr(tmp_path: Path) -> Iterator[Callable[..., EmrServer]]:
    """Start a simulated EMR that files into tmp_path / "emr"."""
    servers: list[EmrServer] = []

    def start(*, port: int = 0, refuse_first: int = 0) -> EmrServer:
        server = EmrServer(tmp_path / "emr", port=port, refuse_first=refuse_first)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def make_report(cast: Cast) -> Callable[..., Report]:
    """A signed report of a county study, written by Rosa."""

    def make(number: str = "1", **text: object) -> Report:
        order = place_order(cast, placer_order_number=f"PO-{number}")
        grant_studies([order.study_instance_uid], cause=f"case:{number}", person=cast.rosa)
        study = Study.objects.create(
            study_instance_uid=order.study_instance_uid, site=cast.county, patient=order.patient,
            order=order, received_at=order.received_at, trace_id=order.trace_id,
        )  # fmt: skip
        words: dict[str, object] = {
            "findings": "结节 8 mm\nrest & bone normal",
            "impression": "Follow up | 3 months",
        }
        return sign_report(study=study, author=cast.rosa, cause=f"task:{number}", **(words | text))  # type: ignore[arg-type]

    return make

"""The county's record system of a demo region: takes in reports and files them in var/emr."""

from __future__ import annotations

import json
import signal
import threading
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demo.region import EMR_LINK
from integrations.hl7.models import Link
from integrations.simulators.emr import EmrServer


class Command(BaseCommand):
    """Listens where the link to it points; where that port is taken it takes another and moves the link."""

    help = "Run the simulated EMR of the demo region until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        link = Link.objects.filter(name=EMR_LINK).first()
        if link is None:
            raise CommandError("There is no demo region here: run load_demo_region first.")
        server = self._listen(link)

        def stop(_number: int, _frame: FrameType | None) -> None:
            threading.Thread(target=server.shutdown).start()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        self.stdout.write(json.dumps({"event": "ready", "service": "simulated_emr", "port": server.port}))
        self.stdout.flush()
        server.serve_forever(poll_interval=0.2)
        server.server_close()

    def _listen(self, link: Link) -> EmrServer:
        try:
            return EmrServer(settings.EMR_FOLDER, host=link.host, port=link.port or 0)
        except OSError:
            server = EmrServer(settings.EMR_FOLDER, host=link.host)
            Link.objects.filter(pk=link.pk).update(port=server.port)
            return server

"""A SeaweedFS cluster on this machine, for trying out STORAGE_URL=s3://: on loopback, ended by Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from pathlib import Path
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.seaweedfs.cluster import Cluster


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, default=Path(settings.VAR_DIR) / "seaweedfs")
        parser.add_argument("--volume-servers", type=int, default=3)
        parser.add_argument("--replication", default="001", help="001: a second copy on another server")
        parser.add_argument("--bucket", default="consilium")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.S3_ACCESS_KEY_ID and settings.S3_SECRET_ACCESS_KEY):
            raise CommandError(
                "Set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY: the gateway lets nobody else in"
            )
        cluster = Cluster(
            options["folder"],
            access_key_id=settings.S3_ACCESS_KEY_ID,
            secret_access_key=settings.S3_SECRET_ACCESS_KEY,
            volume_servers=options["volume_servers"],
            replication=options["replication"],
        )
        ended = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_args: ended.set())
        try:
            cluster.start()
            cluster.make_bucket(options["bucket"])
            print(f"STORAGE_URL='{cluster.storage_url(options['bucket'])}'", flush=True)
            print(f'SEAWEEDFS_MASTERS=\'{{"default": "{cluster.master_url}"}}\'', flush=True)
            ended.wait()
        finally:
            cluster.stop()

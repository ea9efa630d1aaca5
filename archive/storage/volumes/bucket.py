"""A bucket and the client that reaches it: s3://bucket/folder?endpoint=http://host:port&region=name."""

from __future__ import annotations

import os
import threading
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.config import Config
from botocore.handlers import add_expect_header
from django.conf import settings

from common.errors import InvalidInput


class Bucket:
    """The parts of an S3 URL, and one client a process for it.

    Raises  InvalidInput for a URL without a bucket, or with a secret in it.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if "@" in parts.netloc:
            raise InvalidInput(
                "A storage URL holds no credentials: set the environment", code="STORAGE_SECRET"
            )
        if not parts.netloc:
            raise InvalidInput("The storage URL names no bucket", code="STORAGE_UNSUPPORTED")
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        folder = unquote(parts.path).strip("/")
        self.name = parts.netloc
        self.prefix = f"{folder}/" if folder else ""
        self._endpoint = options.get("endpoint") or None
        self._region = options.get("region") or "us-east-1"
        self._client: Any = None
        self._owner = 0
        self._lock = threading.Lock()

    @property
    def client(self) -> Any:
        """The client, which threads may share; a forked process makes its own."""
        with self._lock:
            if self._client is None or self._owner != os.getpid():
                self._client, self._owner = self._connect(), os.getpid()
            return self._client

    def _connect(self) -> Any:
        """A client that sends objects without asking first whether it may (`Expect: 100-continue`).

        Asking costs a trip for each object, and pays only where the object is there already.
        """
        client = boto3.session.Session().client(
            "s3",
            endpoint_url=self._endpoint,
            region_name=self._region,
            aws_access_key_id=settings.S3_ACCESS_KEY_ID or None,
            aws_secret_access_key=settings.S3_SECRET_ACCESS_KEY or None,
            config=Config(
                s3={"addressing_style": "path" if self._endpoint else "auto"},
                connect_timeout=settings.S3_CONNECT_TIMEOUT_S,
                read_timeout=settings.S3_READ_TIMEOUT_S,
                retries={"mode": "standard", "total_max_attempts": settings.S3_ATTEMPTS},
                max_pool_connections=32,
                tcp_keepalive=True,
            ),
        )
        client.meta.events.unregister("before-call.s3", add_expect_header)
        return client

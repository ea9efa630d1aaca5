"""A bucket of an S3 object store: one object an instance, under its UIDs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError
from django.utils.translation import gettext as _

from common.errors import Conflict, InvalidInput, Unavailable
from integrations.routing.models import Destination
from integrations.routing.targets.addresses import check_address
from integrations.routing.targets.base import AnswerLost, Outcome, Parcel, Verdict, check_all, loaded
from integrations.routing.targets.paths import object_path
from integrations.routing.targets.secrets import check_secret_name, secret

_SECRETS = ("access_key_secret", "secret_key_secret")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_NOT_CONNECTED = (ConnectTimeoutError, EndpointConnectionError)


class S3Target:
    """PUT of each object. Configuration: `endpoint`, `bucket`, `prefix`, `region`, and the names of two secrets."""

    settings = frozenset({"endpoint", "allow_plain", "bucket", "prefix", "region", *_SECRETS})

    def check(self, destination: Destination) -> None:
        known = destination.configuration
        check_all(
            lambda: check_address(known, field="endpoint"),
            lambda: _check_bucket(str(known.get("bucket") or "")),
            *(partial(check_secret_name, str(known.get(field) or ""), field=field) for field in _SECRETS),
        )

    def send(self, destination: Destination, parcels: Sequence[Parcel]) -> Iterator[Outcome]:
        """Raises  Unavailable if the store is out of reach; Conflict if it cannot be called at all."""
        known = destination.configuration
        client = _client(known)
        prefix = str(known.get("prefix") or "").strip("/")
        for parcel in parcels:
            outgoing = loaded(parcel)
            if isinstance(outgoing, Outcome):
                yield outgoing
                continue
            name = object_path(
                parcel.study_instance_uid, parcel.series_instance_uid, outgoing.sop_instance_uid
            )
            try:
                client.put_object(
                    Bucket=str(known["bucket"]),
                    Key=f"{prefix}/{name}" if prefix else name,
                    Body=outgoing.data,
                    ContentType="application/dicom",
                )
            except ClientError as error:
                yield _refusal(parcel, error)
                continue
            except BotoCoreError as error:
                if isinstance(error, _NOT_CONNECTED):
                    raise Unavailable("The bucket cannot be reached", code="BUCKET_UNAVAILABLE") from error
                raise AnswerLost([parcel], "The bucket said nothing", code="BUCKET_UNAVAILABLE") from error
            yield Outcome(parcel, Verdict.SENT, sent_as=outgoing.sop_instance_uid)


def _check_bucket(name: str) -> None:
    """The letters that S3 allows in the name of a bucket: nothing that could lead elsewhere."""
    if _BUCKET.fullmatch(name) is None:
        problem = _("A bucket's name has 3 to 63 small letters, digits, dots and hyphens.")
        raise InvalidInput(
            problem, code="BUCKET_MISSING" if not name else "BAD_BUCKET", fields={"bucket": problem}
        )


def _client(known: dict[str, Any]) -> Any:
    """Raises  Conflict for a secret that is not there, or a configuration that cannot be."""
    access, private = (secret(str(known.get(field) or "")) for field in _SECRETS)
    try:
        return boto3.client(
            "s3",
            endpoint_url=str(known["endpoint"]),
            region_name=str(known.get("region") or "us-east-1"),
            aws_access_key_id=access or None,
            aws_secret_access_key=private or None,
            config=Config(
                connect_timeout=10,
                read_timeout=60,
                retries={"max_attempts": 2},
                s3={"addressing_style": "path"},
            ),
        )
    except (BotoCoreError, ValueError) as error:  # a region or an address that cannot be
        raise Conflict(
            "The bucket cannot be called as it is configured", code="BUCKET_MISCONFIGURED"
        ) from error


def _refusal(parcel: Parcel, error: ClientError) -> Outcome:
    """Refused for this object only if it is the object's fault; else nothing gets through."""
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = str(error.response.get("Error", {}).get("Code", "")) or f"HTTP_{status}"
    if status in (400, 413):
        return Outcome(parcel, Verdict.REFUSED, code)
    raise Unavailable("The bucket refuses", code=code[:80]) from error

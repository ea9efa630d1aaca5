"""Keys by name: from a folder of files that DEIDENTIFICATION_KEYS names, never from the database.

`NAME.key` holds at least 32 random bytes; pseudonyms, UIDs and date shifts of a project come from it.
`NAME.pem` is the certificate that original identifiers are encrypted for; `NAME.private.pem` is its private key,
and belongs only on the machine where people may re-identify.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from common.errors import InvalidInput, Unavailable

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_SHORTEST = 32
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who can read the encrypted originals: a certificate and, where it is held, its private key."""

    certificate: x509.Certificate
    private_key: rsa.RSAPrivateKey | None


def key_names() -> list[str]:
    """The keys that are held, the default one first. Raises Unavailable if the folder cannot be read."""
    folder = settings.DEIDENTIFICATION_KEYS
    try:
        held = {path.stem for path in Path(folder).glob("*.key")} if folder else set()
    except OSError as error:
        raise Unavailable(
            "The folder of de-identification keys cannot be read", code="KEY_UNREADABLE"
        ) from error
    return [DEFAULT, *sorted(name for name in held - {DEFAULT} if _NAME.fullmatch(name))]


def secret_of(name: str) -> bytes:
    """The secret of this key. The default one, where no file holds it, is derived from SECRET_KEY.

    Raises  InvalidInput KEY_MISSING if there is no such key; Unavailable if its file cannot be read.
    """
    data = _read(_checked(name), "key")
    if data is None and name == DEFAULT:
        kdf = HKDF(hashes.SHA256(), _SHORTEST, salt=None, info=b"consilium de-identification")
        return kdf.derive(settings.SECRET_KEY.encode())
    if data is None:
        raise InvalidInput(f"There is no de-identification key named {name}", code="KEY_MISSING")
    # A key typed or printed as text may end in a line break; in random bytes a space is part of the key.
    secret = data.strip() if data.isascii() else data
    if len(secret) < _SHORTEST:
        raise InvalidInput(f"The de-identification key {name} is too short", code="KEY_TOO_SHORT")
    return secret


def recipient_of(name: str) -> Recipient:
    """The certificate of this key and its private key if it is here. Raises as `secret_of`."""
    pem = _read(_checked(name), "pem")
    if pem is None:
        raise InvalidInput(f"There is no certificate for the key {name}", code="KEY_MISSING")
    private = _read(name, "private.pem")
    key = None if private is None else serialization.load_pem_private_key(private, password=None)
    if key is not None and not isinstance(key, rsa.RSAPrivateKey):
        raise InvalidInput(f"The private key {name} is not an RSA key", code="KEY_UNUSABLE")
    return Recipient(x509.load_pem_x509_certificate(pem), key)


def _checked(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise InvalidInput("A key's name is of small letters, digits and hyphens", code="KEY_MISSING")
    return name


def _read(name: str, suffix: str) -> bytes | None:
    folder = settings.DEIDENTIFICATION_KEYS
    if not folder:
        return None
    try:
        return (Path(folder) / f"{name}.{suffix}").read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable("A de-identification key cannot be read", code="KEY_UNREADABLE") from error

"""Identifiers with the authority that issued them (HL7 v2.5.1 §2.A.14 CX, §2.A.33 HD)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Authority:
    """An assigning authority: namespace, and universal ID with its type where one is known."""

    namespace: str
    universal_id: str = ""
    universal_id_type: str = ""

    def as_hd(self) -> str:
        """The authority as the sub-components of an HD."""
        return f"{self.namespace}&{self.universal_id}&{self.universal_id_type}".rstrip("&")


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifier of a person or thing, meaningful only together with its authority."""

    value: str
    authority: Authority
    type_code: str = "MR"

    def as_cx(self) -> str:
        """The identifier as a CX field."""
        return f"{self.value}^^^{self.authority.as_hd()}^{self.type_code}"

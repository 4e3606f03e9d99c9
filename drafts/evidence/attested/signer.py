"""Who signed: what the certificate of a signature says of the workflow, or the person, that it was made for."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography import x509

# Fulcio's certificate extensions, under 1.3.6.1.4.1.57264.1: each a UTF8String in DER.
_ARC = "1.3.6.1.4.1.57264.1."
_CLAIMS = {
    "8": "issuer",
    "12": "repository",
    "13": "commit",
    "14": "ref",
    "15": "repository_id",
    "18": "config",
    "20": "event",
    "21": "run",
}
_UTF8_STRING = 0x0C
_SHORT = 0x80


@dataclass(frozen=True, slots=True)
class Signer:
    """Whom a certificate was given to, in the words of the identity provider.

    ``repository`` and ``run`` are addresses; ``config`` is the address of the workflow at the ref it was read from;
    ``name`` is the certificate's own subject: the workflow's address, or a person's.
    """

    name: str
    issuer: str = ""
    repository: str = ""
    repository_id: str = ""
    config: str = ""
    ref: str = ""
    commit: str = ""
    event: str = ""
    run: str = ""

    @classmethod
    def of(cls, values: dict[str, Any]) -> Signer:
        """Read what ``values`` made."""
        return cls(**values)

    @property
    def values(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @property
    def workflow(self) -> str:
        """Return the workflow's path in its repository; empty where the certificate names none there."""
        path = self.config.removeprefix(self.repository).lstrip("/") if self.repository else ""
        for suffix in (self.ref, self.commit):
            if suffix and path != self.config and path.endswith(f"@{suffix}"):
                return path.removesuffix(f"@{suffix}")
        return ""


def signer_of(certificate: x509.Certificate) -> Signer:
    """Read a certificate of Sigstore's. Raises ValueError when an extension is not what it must be."""
    from cryptography.x509 import SubjectAlternativeName, UnrecognizedExtension

    claims, names = {}, []
    for extension in certificate.extensions:
        value = extension.value
        key = _CLAIMS.get(extension.oid.dotted_string.removeprefix(_ARC))
        if key and isinstance(value, UnrecognizedExtension):
            claims[key] = _text(value.value)
        elif isinstance(value, SubjectAlternativeName):
            names = [str(name.value) for name in value]
    return Signer(name=" ".join(names), **claims)


def _text(der: bytes) -> str:
    """Return a UTF8String's text (X.690, 8.1.3: short form, or long form of one or two octets)."""
    length, start = der[1], 2
    if length > _SHORT:
        start += length - _SHORT
        length = int.from_bytes(der[2:start])
    if der[0] != _UTF8_STRING or len(der) != start + length:
        raise ValueError("A claim of the certificate is not a text.")
    return der[start:].decode()

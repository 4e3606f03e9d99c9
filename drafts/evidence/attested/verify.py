"""Verifying one attestation for one file: signature, certificate, transparency log and subject, without the network."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sigstore
from django.conf import settings
from pypi_attestations import Attestation, AttestationType
from sigstore.errors import Error as SigstoreError
from sigstore.hashes import Hashed
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier
from sigstore_models.common.v1 import HashAlgorithm

from drafts.evidence.attested.signer import Signer, signer_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate

_STORE = "_store/https%3A%2F%2Ftuf-repo-cdn.sigstore.dev/trusted_root.json"
_STATEMENT = "application/vnd.in-toto+json"
_STATEMENTS = {"https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"}
_PREDICATES = {*(str(kind.value) for kind in AttestationType), "https://slsa.dev/provenance/v0.2"}
_LONGEST_REASON = 500


class NotVerified(Exception):
    """The attestation proves nothing about the file; the text is the end of a sentence that says why."""


class _Anybody:
    """Sigstore's question who may sign, answered with anybody: ``identity`` asks it afterwards."""

    def verify(self, cert: Certificate) -> None:
        """Accept the certificate."""


def verify(attestation: dict[str, Any], *, filename: str, sha256: str) -> Signer:
    """Return who signed that this file has this SHA-256. Raises NotVerified.

    ``attestation`` is a PEP 740 attestation object or a Sigstore bundle. A bundle that signs bytes, and no statement,
    names no file: its digest is all it says. Nothing is asked of the network: what the root of trust does not know,
    and what has no proof of its log entry with it, is not verified.
    """
    is_pep740 = "verification_material" in attestation
    try:
        bundle = (
            Attestation.model_validate(attestation).to_bundle()
            if is_pep740
            else Bundle.from_json(json.dumps(attestation))
        )
        if bundle._dsse_envelope is None:  # noqa: SLF001 - no public name says which of both it is
            digest = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(sha256))
            _verifier().verify_artifact(digest, bundle, _Anybody())
        else:
            kind, payload = _verifier().verify_dsse(bundle, _Anybody())
            _must_speak_of(kind, payload, filename, sha256, only=is_pep740)
        return signer_of(bundle.signing_certificate)
    except NotVerified:
        raise
    except SigstoreError as error:
        raise NotVerified(_in_short(error)) from error
    except Exception as error:  # whatever the libraries raise at bytes that somebody made up
        raise NotVerified(f"it cannot be read ({type(error).__name__}: {_in_short(error)})") from error


def _must_speak_of(kind: str, payload: bytes, filename: str, sha256: str, *, only: bool) -> None:
    """Raise NotVerified unless the signed statement says that this file has this digest.

    ``only``: PEP 740 allows one subject and no more.
    """
    statement = json.loads(payload)
    if kind != _STATEMENT or statement.get("_type") not in _STATEMENTS:
        raise NotVerified("what was signed is not an in-toto statement")
    if statement.get("predicateType") not in _PREDICATES:
        raise NotVerified(f"it is of a kind that proves nothing here: {statement.get('predicateType')}")
    subjects: Sequence[dict[str, Any]] = statement.get("subject") or ()
    if only and len(subjects) != 1:
        raise NotVerified("it must speak of one file, and speaks of more or none")
    named = [subject for subject in subjects if subject.get("name") == filename]
    if not named:
        raise NotVerified("it speaks of a file of another name")
    if any(subject.get("digest", {}).get("sha256") != sha256 for subject in named):
        raise NotVerified("it was signed for other bytes under this name")


def _in_short(error: Exception) -> str:
    return " ".join(str(error).split())[:_LONGEST_REASON] or type(error).__name__


def _verifier() -> Verifier:
    path = Path(settings.SIGSTORE_ROOT or Path(sigstore.__file__).parent / _STORE)
    return _verifier_of(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _verifier_of(path: Path, _changed: int) -> Verifier:
    return Verifier(trusted_root=TrustedRoot.from_file(str(path)))

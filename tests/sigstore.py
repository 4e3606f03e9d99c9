"""A private Sigstore in memory: certificate authority, transparency logs and root of trust, which the real verifier believes."""

import base64
import hashlib
import json
import struct
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from pypi_attestations import AttestationType

PUBLISH = AttestationType.PYPI_PUBLISH_V1.value
GITHUB = "https://token.actions.githubusercontent.com"
STATEMENT = "application/vnd.in-toto+json"
_CLAIM = "1.3.6.1.4.1.57264.1."
_SCTS = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def spki(key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_id(key) -> bytes:
    return hashlib.sha256(spki(key)).digest()


def signed(key, data: bytes) -> bytes:
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def der(tag: int, data: bytes) -> bytes:
    """A DER value of less than 65536 octets."""
    size = len(data)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2)
    return bytes([tag]) + length + data


@dataclass(frozen=True)
class Workflow:
    """Whom certificates are given to: one workflow of one repository at GitHub, at one ref."""

    repository: str = "acme/sample"
    repository_id: str = "4711"
    path: str = ".github/workflows/release.yml"
    ref: str = "refs/tags/v1.0"
    commit: str = "c" * 40
    event: str = "push"
    issuer: str = GITHUB
    run: str = ""

    @property
    def web(self) -> str:
        return f"https://github.com/{self.repository}"

    @property
    def claims(self) -> dict[str, str]:
        config = f"{self.web}/{self.path}@{self.ref}"
        run = {"21": f"{self.web}/actions/runs/{self.run}/attempts/1"} if self.run else {}
        return {
            **run,
            "8": self.issuer,
            "12": self.web,
            "13": self.commit,
            "14": self.ref,
            "15": self.repository_id,
            "18": config,
            "20": self.event,
        }


@dataclass
class Sigstore:
    """One instance: everything it signs verifies under its own ``root``, and under no other."""

    authority: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    certificates: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    entries: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    lasts: timedelta = timedelta(days=99)

    def __post_init__(self) -> None:
        now = datetime.now(UTC)
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a private authority")])
        key = x509.SubjectKeyIdentifier.from_public_key(self.authority.public_key())
        builder = x509.CertificateBuilder(self.name, self.name, self.authority.public_key(), 1)
        builder = builder.not_valid_before(now - timedelta(days=9)).not_valid_after(now + self.lasts)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True).add_extension(key, critical=False)
        self.certificate = builder.sign(self.authority, hashes.SHA256())

    @property
    def root(self) -> str:
        """The root of trust, as ``trusted_root.json`` has it."""
        start = {"start": (datetime.now(UTC) - timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ")}
        chain = [{"rawBytes": b64(self.certificate.public_bytes(Encoding.DER))}]
        authority = {
            "subject": {"organization": "test", "commonName": "a private authority"},
            "uri": "https://authority.test",
            "certChain": {"certificates": chain},
            "validFor": start,
        }
        root = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [_log(self.entries, start)],
            "ctlogs": [_log(self.certificates, start)],
            "certificateAuthorities": [authority],
            "timestampAuthorities": [],
        }
        return json.dumps(root)

    def attestation(self, filename: str, sha256: str, by: Workflow = Workflow(), **more) -> dict:
        """A PEP 740 attestation object for one file."""
        bundle = self.bundle(statement(filename, sha256), by, **more)
        material, envelope = bundle["verificationMaterial"], bundle["dsseEnvelope"]
        return {
            "version": 1,
            "verification_material": {
                "certificate": material["certificate"]["rawBytes"],
                "transparency_entries": material["tlogEntries"],
            },
            "envelope": {"statement": envelope["payload"], "signature": envelope["signatures"][0]["sig"]},
        }

    def bundle(self, payload: bytes, by: Workflow = Workflow(), *, signed_at: float | None = None) -> dict:
        """A Sigstore bundle of a statement, entered in the log at ``signed_at`` (seconds; now)."""
        key = new_key()
        certificate = self._certificate(key, by)
        encoded = f"DSSEv1 {len(STATEMENT)} {STATEMENT} {len(payload)} ".encode() + payload
        signature = signed(key, encoded)
        envelope = {
            "payload": b64(payload),
            "payloadType": STATEMENT,
            "signatures": [{"sig": b64(signature), "keyid": ""}],
        }
        spec = {
            "envelopeHash": {"algorithm": "sha256", "value": "0" * 64},
            "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
            "signatures": [
                {"signature": b64(signature), "verifier": b64(certificate.public_bytes(Encoding.PEM))}
            ],
        }
        body = rfc8785.dumps({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})
        entry = self._entry("dsse", body, int(signed_at or time.time()))
        return _bundle(certificate, entry) | {"dsseEnvelope": envelope}

    def signature(self, data: bytes, by: Workflow = Workflow()) -> dict:
        """A Sigstore bundle of bytes themselves, which names no file."""
        key = new_key()
        certificate, signature = self._certificate(key, by), signed(key, data)
        digest = hashlib.sha256(data)
        spec = {
            "data": {"hash": {"algorithm": "sha256", "value": digest.hexdigest()}},
            "signature": {
                "content": b64(signature),
                "publicKey": {"content": b64(certificate.public_bytes(Encoding.PEM))},
            },
        }
        body = rfc8785.dumps({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec})
        message = {
            "messageDigest": {"algorithm": "SHA2_256", "digest": b64(digest.digest())},
            "signature": b64(signature),
        }
        entry = self._entry("hashedrekord", body, int(time.time()))
        return _bundle(certificate, entry) | {"messageSignature": message}

    def _certificate(self, key, by: Workflow) -> x509.Certificate:
        now = datetime.now(UTC).replace(microsecond=0)
        builder = x509.CertificateBuilder(self.name, x509.Name([]), key.public_key(), 2)
        builder = builder.not_valid_before(now - timedelta(minutes=5)).not_valid_after(
            now + timedelta(minutes=5)
        )
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        subject = x509.UniformResourceIdentifier(f"{by.web}/{by.path}@{by.ref}")
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority.public_key())
        for extension, critical in (
            (usage, True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
            (authority, False),
            (x509.SubjectAlternativeName([subject]), True),
            *((_claim(number, text), False) for number, text in by.claims.items()),
        ):
            builder = builder.add_extension(extension, critical=critical)
        body = builder.sign(self.authority, hashes.SHA256()).tbs_certificate_bytes
        stamps = x509.UnrecognizedExtension(_SCTS, self._stamps(body))
        return builder.add_extension(stamps, critical=False).sign(self.authority, hashes.SHA256())

    def _stamps(self, body: bytes) -> bytes:
        """A list of one signed certificate timestamp (RFC 6962, 3.2 and 3.3)."""
        moment = struct.pack("!Q", int(time.time()) * 1000)
        covered = (
            b"\0\0" + moment + b"\0\1" + key_id(self.authority) + struct.pack("!I", len(body))[1:] + body
        )
        signature = signed(self.certificates, covered + b"\0\0")
        one = b"\0" + key_id(self.certificates) + moment + b"\0\0\4\3" + _sized(signature)
        return der(0x04, _sized(_sized(one)))

    def _entry(self, kind: str, body: bytes, moment: int) -> dict:
        log = key_id(self.entries)
        root = b64(hashlib.sha256(b"\0" + body).digest())
        note = f"log.test - 1\n1\n{root}\n"
        checkpoint = f"{note}\n\u2014 log.test {b64(log[:4] + signed(self.entries, note.encode()))}\n"
        promised = {"body": b64(body), "integratedTime": moment, "logID": log.hex(), "logIndex": 0}
        return {
            "logIndex": "0",
            "logId": {"keyId": b64(log)},
            "kindVersion": {"kind": kind, "version": "0.0.1"},
            "integratedTime": str(moment),
            "inclusionPromise": {"signedEntryTimestamp": b64(signed(self.entries, rfc8785.dumps(promised)))},
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": root,
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": checkpoint},
            },
            "canonicalizedBody": b64(body),
        }


def statement(*files: str, predicate: str = PUBLISH) -> bytes:
    """An in-toto statement; ``files`` are names and digests in turn."""
    subjects = [
        {"name": name, "digest": {"sha256": digest}} for name, digest in zip(*[iter(files)] * 2, strict=True)
    ]
    said = {"_type": "https://in-toto.io/Statement/v1", "subject": subjects, "predicateType": predicate}
    return json.dumps({**said, "predicate": {}}).encode()


def _claim(number: str, text: str) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(ObjectIdentifier(_CLAIM + number), der(0x0C, text.encode()))


def _sized(data: bytes) -> bytes:
    return struct.pack("!H", len(data)) + data


def _log(key, start: dict[str, str]) -> dict:
    return {
        "baseUrl": "https://log.test",
        "hashAlgorithm": "SHA2_256",
        "publicKey": {"rawBytes": b64(spki(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": start},
        "logId": {"keyId": b64(key_id(key))},
    }


def _bundle(certificate: x509.Certificate, entry: dict) -> dict:
    return {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": b64(certificate.public_bytes(Encoding.DER))},
            "tlogEntries": [entry],
        },
    }

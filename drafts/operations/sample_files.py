"""Small real wheels and sdists for the sample project, built in memory. Standard library only."""

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

NAME = "sampleproject"
_MOMENT = (2026, 1, 1, 0, 0, 0)
_SECONDS = 1767225600  # the same moment

_MODULE = '''"""A sample: it greets, and knows which file it was installed from."""

__version__ = "{version}"
BUILT_FOR = "{tag}"


def greet(name: str = "world") -> str:
    """Return a greeting."""
    return f"Hello {{name}}, this is sampleproject {{__version__}}, built for {{BUILT_FOR}}"
'''
_METADATA = """Metadata-Version: 2.4
Name: sampleproject
Version: {version}
Summary: A sample that shows how a release is reviewed
License-Expression: MIT
Requires-Python: >=3.9
Description-Content-Type: text/plain

This project is here to try Presscheck with. Its wheels hold one small module.
"""
_PYPROJECT = """[build-system]
requires = []
build-backend = "build_here"
backend-path = ["."]
"""
# The sdist brings its own build back-end, so that pip can build it without asking any index.
_BACK_END = '''"""Builds the sample with the standard library alone."""

import base64
import hashlib
import pathlib
import zipfile


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Write the wheel and return its name (PEP 517)."""
    here = pathlib.Path(__file__).parent
    info = "sampleproject-{version}.dist-info"
    members = {{
        "sampleproject/__init__.py": (here / "sampleproject" / "__init__.py").read_bytes(),
        info + "/METADATA": (here / "PKG-INFO").read_bytes(),
        info + "/WHEEL": b"Wheel-Version: 1.0\\nGenerator: sample\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }}
    record = ""
    filename = "sampleproject-{version}-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / filename, "w") as wheel:
        for path, data in members.items():
            wheel.writestr(path, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record += path + ",sha256=" + digest + "," + str(len(data)) + "\\n"
        wheel.writestr(info + "/RECORD", record + info + "/RECORD,,\\n")
    return filename
'''


@dataclass(frozen=True, slots=True)
class Built:
    """A distribution in memory: its file name and its bytes."""

    filename: str
    data: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def wheel(version: str, tag: str, *, note: str = "") -> Built:
    """Build a wheel for one tag (``cp312-cp312-win_amd64``); ``note`` makes other bytes of the same content."""
    info = f"{NAME}-{version}.dist-info"
    module = _MODULE.format(version=version, tag=tag) + (f"# {note}\n" if note else "")
    header = f"Wheel-Version: 1.0\nGenerator: sample\nRoot-Is-Purelib: false\nTag: {tag}\n"
    members = {
        f"{NAME}/__init__.py": module.encode(),
        f"{info}/METADATA": _METADATA.format(version=version).encode(),
        f"{info}/WHEEL": header.encode(),
    }
    members[f"{info}/RECORD"] = _record(members, f"{info}/RECORD")
    return Built(f"{NAME}-{version}-{tag}.whl", _zip(members))


def sdist(version: str) -> Built:
    """Build a sdist (PEP 625) that pip installs without network."""
    stem = f"{NAME}-{version}"
    members = {
        f"{stem}/PKG-INFO": _METADATA.format(version=version),
        f"{stem}/pyproject.toml": _PYPROJECT,
        f"{stem}/build_here.py": _BACK_END.format(version=version),
        f"{stem}/{NAME}/__init__.py": _MODULE.format(version=version, tag="any"),
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, text in members.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime, entry.mode = len(text.encode()), _SECONDS, 0o644
            archive.addfile(entry, io.BytesIO(text.encode()))
    return Built(f"{stem}.tar.gz", gzip.compress(buffer.getvalue(), mtime=0))


def _record(members: Mapping[str, bytes], path: str) -> bytes:
    rows = []
    for member, data in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{member},sha256={digest},{len(data)}\n")
    return "".join([*rows, f"{path},,\n"]).encode()


def _zip(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in members.items():
            entry = zipfile.ZipInfo(path, _MOMENT)
            entry.compress_type, entry.external_attr, entry.create_system = (
                zipfile.ZIP_DEFLATED,
                0o100644 << 16,
                3,
            )
            archive.writestr(entry, data)
    return buffer.getvalue()

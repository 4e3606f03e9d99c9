"""Wheels and sdists built in memory, right by default, with knobs for being wrong. Standard library only."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import re
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

LONG_AGO = (2020, 2, 2, 0, 0, 0)
LONG_AGO_SECONDS = 1_580_601_600
ENCRYPTED, DATA_DESCRIPTOR = 0x1, 0x8

# A build back-end inside the sdist, so that pip builds it without asking any index.
BACKEND = '''\
"""Builds this project with the standard library alone."""
import base64, hashlib, os, zipfile

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    stem = {stem!r}
    files = {{}}
    for folder, _, names in os.walk({package!r}):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    files[path.replace(os.sep, "/")] = file.read()
    with open("PKG-INFO", "rb") as file:
        files[stem + ".dist-info/METADATA"] = file.read()
    files[stem + ".dist-info/WHEEL"] = b"Wheel-Version: 1.0\\nGenerator: tests\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    rows = []
    filename = stem + "-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, filename), "w") as wheel:
        for path, data in files.items():
            wheel.writestr(path, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.append(path + ",sha256=" + digest + "," + str(len(data)))
        record = stem + ".dist-info/RECORD"
        wheel.writestr(record, "\\n".join(rows + [record + ",,", ""]))
    return filename
'''
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@dataclass(frozen=True)
class Built:
    """A distribution in memory."""

    filename: str
    data: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def blake2b_256(self) -> str:
        return hashlib.blake2b(self.data, digest_size=32).hexdigest()

    @property
    def size(self) -> int:
        return len(self.data)

    def write(self, folder: str | Path) -> Path:
        """Write the file into a folder and return its path."""
        path = Path(folder) / self.filename
        path.write_bytes(self.data)
        return path


def wheel(
    name: str = "sampleproject",
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    build: str | None = None,
    requires_python: str | None = None,
    requires_dist: tuple[str, ...] = (),
    files: dict[str, str | bytes] | None = None,
    fields: tuple[tuple[str, str], ...] = (),
    description: str = "",
    salt: str = "",
    # knobs for being wrong
    filename: str | None = None,
    says_name: str | None = None,
    says_version: str | None = None,
    metadata: bytes | None = None,
    wheel_file: bytes | None = None,
    record: bytes | None = None,
    omit: tuple[str, ...] = (),
    extra: tuple[tuple[str, bytes], ...] = (),
    dist_info: str | None = None,
    bomb: int = 0,
    flags: int = 0,
    compression: int = zipfile.ZIP_DEFLATED,
    comment: bytes = b"",
    prefix: bytes = b"",
    suffix: bytes = b"",
) -> Built:
    """Build a wheel that pip installs.

    ``files`` come beside the module, ``fields`` into METADATA, ``salt`` changes the bytes and nothing else.
    ``omit`` names files of ``.dist-info`` to leave out; ``extra`` members are added raw and are not in RECORD;
    ``bomb`` adds that many zero bytes as one member; ``flags`` are set in every header.
    """
    stem = f"{_underscored(name)}-{version}"
    folder = dist_info or f"{stem}.dist-info"
    members = _package(name, version, files, salt)
    members[f"{folder}/METADATA"] = metadata or core_metadata(
        says_name or name,
        says_version or version,
        requires_python=requires_python,
        requires_dist=requires_dist,
        fields=fields,
        description=description,
    )
    members[f"{folder}/WHEEL"] = wheel_file if wheel_file is not None else _wheel_file(tag, build)
    if bomb:
        members[f"{_underscored(name)}/zeros.bin"] = bytes(bomb)
    path = f"{folder}/RECORD"
    members[path] = record if record is not None else _record(members, path)
    kept = [(path, data) for path, data in members.items() if path.rpartition("/")[2] not in omit]
    data = prefix + _zip([*kept, *extra], compression, comment, flags) + suffix
    parts = [stem, build, tag] if build else [stem, tag]
    return Built(filename or "-".join(parts) + ".whl", data)


def sdist(
    name: str = "sampleproject",
    version: str = "1.0",
    *,
    requires_python: str | None = None,
    requires_dist: tuple[str, ...] = (),
    files: dict[str, str | bytes] | None = None,
    fields: tuple[tuple[str, str], ...] = (),
    description: str = "",
    salt: str = "",
    # knobs for being wrong
    filename: str | None = None,
    says_name: str | None = None,
    says_version: str | None = None,
    metadata: bytes | None = None,
    folder: str | None = None,
    omit: tuple[str, ...] = (),
    extra: tuple[tarfile.TarInfo | tuple[str, bytes], ...] = (),
    bomb: int = 0,
    tar_format: int = tarfile.PAX_FORMAT,
    suffix: bytes = b"",
    tar_suffix: bytes = b"",
) -> Built:
    """Build a sdist that pip installs without network: its build back-end lies in it.

    ``folder`` is the top folder's name; ``extra`` takes headers (links, devices) or pairs of path and bytes.
    """
    stem = f"{_underscored(name)}-{version}"
    members = _package(name, version, files, salt)
    members["pyproject.toml"] = PYPROJECT.encode()
    members["backend.py"] = BACKEND.format(stem=stem, package=_underscored(name)).encode()
    members["PKG-INFO"] = metadata or core_metadata(
        says_name or name,
        says_version or version,
        requires_python=requires_python,
        requires_dist=requires_dist,
        fields=fields,
        description=description,
    )
    if bomb:
        members["zeros.bin"] = bytes(bomb)
    top = folder if folder is not None else stem
    inside = [(f"{top}/{path}", data) for path, data in members.items() if path not in omit]
    tar = _tar([*inside, *extra], tar_format) + tar_suffix
    return Built(filename or f"{stem}.tar.gz", gzip.compress(tar, mtime=0) + suffix)


def core_metadata(
    name: str,
    version: str,
    *,
    requires_python: str | None = None,
    requires_dist: tuple[str, ...] = (),
    fields: tuple[tuple[str, str], ...] = (),
    description: str = "",
    metadata_version: str = "2.1",
) -> bytes:
    """Spell a METADATA or PKG-INFO file; ``fields`` are pairs of field and value, added as they are."""
    lines = [("Metadata-Version", metadata_version), ("Name", name), ("Version", version)]
    if requires_python is not None:
        lines.append(("Requires-Python", requires_python))
    lines += [("Requires-Dist", requirement) for requirement in requires_dist]
    lines += fields
    head = "".join(f"{field}: {value}\n" for field, value in lines)
    return (f"{head}\n{description}" if description else head).encode()


def _package(name: str, version: str, files: dict[str, str | bytes] | None, salt: str) -> dict[str, bytes]:
    module = f'"""A package for tests."""\n\n__version__ = "{version}"\n'
    if salt:
        module += f"SALT = {salt!r}\n"
    members = {f"{_underscored(name)}/__init__.py": module.encode()}
    for path, content in (files or {}).items():
        members[path] = content.encode() if isinstance(content, str) else content
    return members


def _wheel_file(tag: str, build: str | None) -> bytes:
    python, abi, platform = tag.split("-")
    tags = [
        f"Tag: {one}-{two}-{three}\n"
        for one in python.split(".")
        for two in abi.split(".")
        for three in platform.split(".")
    ]
    pure = "true" if tag.endswith("-none-any") else "false"
    head = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {pure}\n"
    return (head + "".join(tags) + (f"Build: {build}\n" if build else "")).encode()


def _record(members: dict[str, bytes], path: str) -> bytes:
    rows = []
    for member, data in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{member},sha256={digest},{len(data)}\n")
    return "".join([*rows, f"{path},,\n"]).encode()


def _zip(members: list[tuple[str, bytes]], compression: int, comment: bytes, flags: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.comment = comment
        for path, data in members:
            info = zipfile.ZipInfo("x", LONG_AGO)
            info.filename = path
            info.compress_type = compression
            info.external_attr = (0o100644 if not path.endswith("/") else 0o040755) << 16
            info.create_system = 3
            archive.NameToInfo.pop(path, None)  # a second member of one name is sometimes the point
            archive.writestr(info, data)
    return _with_flags(buffer.getvalue(), flags)


def _with_flags(data: bytes, flags: int) -> bytes:
    patched = bytearray(data)
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        position = data.find(signature)
        while position != -1:
            patched[position + at] |= flags & 0xFF
            position = data.find(signature, position + 4)
    return bytes(patched)


def _write_header(archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    """Say that a member comes, and let its data be missing, which ``addfile`` refuses since Python 3.13."""
    header = member.tobuf(archive.format, archive.encoding, archive.errors)
    archive.fileobj.write(header)
    archive.offset += len(header)


def _tar(members: list[tarfile.TarInfo | tuple[str, bytes]], tar_format: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tar_format) as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                _write_header(archive, member)
                continue
            path, data = member
            info = tarfile.TarInfo(path)
            info.size, info.mtime, info.mode = len(data), LONG_AGO_SECONDS, 0o644
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _underscored(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()

"""The shipped nginx configuration, run: the examples in it replaced as deploy/README.md says, TLS with a key of its own."""

import http.client
import os
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.environment import DATA
from tests.live import Answer, Live, Program, eventually
from tests.processes import answers, free_port

DEPLOY = Path(__file__).parent.parent / "deploy"
MAIN = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/logs/error.log;
worker_processes 2;
events {{ worker_connections 2048; }}
http {{
    include /etc/nginx/mime.types;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/presscheck.conf;
}}
"""


def program() -> str:
    """The path of nginx; a test without it is skipped, or fails where everything is required."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if found:
        return found
    words = "there is no nginx: install Debian's package 'nginx-light'"
    if os.environ.get("PRESSCHECK_REQUIRE_ALL") == "1":
        pytest.fail(words, pytrace=False)
    pytest.skip(words)


def examples() -> list[str]:
    """What deploy/README.md says is to be replaced in nginx.conf."""
    section = (DEPLOY / "README.md").read_text().partition("## nginx\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)


@dataclass(frozen=True)
class Ports:
    """Where nginx listens, and where gunicorn does."""

    http: int
    https: int
    app: int


def written(folder: Path, ports: Ports) -> list[str]:
    """Write the configuration into a folder; the command that runs it."""
    certificate(folder)
    for name in ("logs", "cache"):
        (folder / name).mkdir()
    real = {
        "packages.example.org": "localhost",
        "/etc/ssl/presscheck/fullchain.pem": f"{folder}/certificate.pem",
        "/etc/ssl/presscheck/privkey.pem": f"{folder}/key.pem",
        "127.0.0.1:8000": f"127.0.0.1:{ports.app}",
        "/var/lib/presscheck": DATA,
        "/var/cache/nginx/presscheck": f"{folder}/cache",
        "/var/log/nginx": f"{folder}/logs",
        "listen 80": f"listen 127.0.0.1:{ports.http}",
        "listen 443": f"listen 127.0.0.1:{ports.https}",
    }
    assert sorted(real) == sorted(examples())
    text = (DEPLOY / "nginx.conf").read_text()
    for example, value in real.items():
        assert example in text
        text = text.replace(example, value)
    (folder / "presscheck.conf").write_text(text)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
    return [program(), "-e", f"{folder}/logs/error.log", "-p", str(folder), "-c", f"{folder}/nginx.conf"]


def certificate(folder: Path) -> None:
    """Make a certificate for localhost that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))


@dataclass(frozen=True)
class Fronted(Live):
    """The web server behind nginx; requests are made to nginx."""

    folder: Path = Path()
    ports: Ports = Ports(0, 0, 0)

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"

    def connect(self, *, source: str = "127.0.0.1") -> http.client.HTTPSConnection:
        """A connection to nginx, from any address of this machine's loopback."""
        context = ssl.create_default_context(cafile=self.certificate)
        return http.client.HTTPSConnection(
            "localhost", self.port, timeout=60, context=context, source_address=(source, 0)
        )

    def get(self, url: str, method: str = "GET", *, source: str = "127.0.0.1", **headers: str) -> Answer:
        """Ask nginx for a path or an address, redirects not followed."""
        return self.ask(method, url, source=source, **headers)

    def ask(self, method: str, url: str, body=None, *, source: str = "127.0.0.1", **headers: str) -> Answer:
        """Ask nginx, with a body where there is one."""
        connection = self.connect(source=source)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, url.removeprefix(self.url), body, {"Host": self.host, **names})
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read())
        finally:
            connection.close()

    def logs(self) -> str:
        return "".join(path.read_text() for path in (self.folder / "logs").iterdir())


@contextmanager
def in_front(**more: str):
    """gunicorn with the settings that nginx.conf names, and nginx in front of it."""
    ports = Ports(free_port(), free_port(), free_port())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="presscheck-nginx-")))
        command = written(folder, ports)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        shape = {
            "PRESSCHECK_URL": f"https://localhost:{ports.https}",
            "PRESSCHECK_TRUSTED_PROXIES": "127.0.0.1",
            "PRESSCHECK_ACCEL": "" if os.environ.get("PRESSCHECK_S3_BUCKET") else "/presscheck-objects",
            **more,
        }
        for name, value in shape.items():
            patch.setitem(os.environ, name, value)
        bound = f"127.0.0.1:{ports.app}"
        web = Program("fronted-web", "-m", "gunicorn", "--config", "config/gunicorn.py", "--bind", bound)
        web.start()
        patch.undo()
        stack.callback(web.stop)
        nginx = subprocess.Popen(command)
        stack.callback(_end, nginx)
        host = f"localhost:{ports.https}"
        server = Fronted(web, f"https://{host}", host, ports.https, folder, ports)

        def serves() -> bool:
            assert nginx.poll() is None, server.logs()
            assert web.is_alive, web.log()
            return answers(ports.https) and server.get("/healthz").status == 200

        eventually(serves)
        yield server


def _end(nginx: subprocess.Popen) -> None:
    nginx.send_signal(signal.SIGTERM)
    try:
        nginx.wait(20)
    except subprocess.TimeoutExpired:
        nginx.kill()
        nginx.wait()

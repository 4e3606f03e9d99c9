"""It is true that what deploy/ holds fits the program: its settings, its commands, its files; and starts with what compose says."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.db import transaction

from drafts.models import Job, JobState, Kind, jobs
from tests import compose
from tests.live import Live, Program, eventually
from tests.processes import free_port
from tests.test_reference import settings_read

CODE = Path(__file__).parent.parent
DEPLOY = CODE / "deploy"
COMPOSE = compose.read(DEPLOY / "compose.yaml")
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
CONTAINERFILE = (DEPLOY / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
README = (DEPLOY / "README.md").read_text(encoding="utf-8")
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"] == "presscheck"}
PYTHON = "/opt/presscheck/.venv/bin/python"


def unit(path: Path) -> dict[str, list[str]]:
    """The settings of a unit, each with its values."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.partition("=")
        if separator and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def environment_file() -> dict[str, str]:
    """What presscheck.env sets."""
    lines = (DEPLOY / "systemd" / "presscheck.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def names() -> dict[str, set[str]]:
    """The names of settings that each file speaks of."""
    image = re.findall(r"(\w+)=\S+", " ".join(re.findall(r"^ENV (.*)$", CONTAINERFILE, re.MULTILINE)))
    by_unit = {path.name: set(re.findall(r"(\w+)=%d", " ".join(unit(path)["Environment"]))) for path in UNITS}
    by_service = {f"compose: {name}": set(service["environment"]) for name, service in OURS.items()}
    return {"Containerfile": set(image), "presscheck.env": set(environment_file()), **by_unit, **by_service}


@pytest.mark.parametrize("where", sorted(names()))
def test_every_setting_is_one_that_is_read(where):
    told = {name.removesuffix("_FILE") for name in names()[where] if not name.startswith(("PATH", "PYTHON"))}
    assert told
    assert told <= settings_read()


def commands() -> dict[str, list[str]]:
    """Every command that runs Presscheck, as a list of words after Python."""
    found = {f"compose: {name}": service["command"] for name, service in OURS.items()}
    found |= {path.name: unit(path)["ExecStart"][0].split() for path in UNITS}
    found["Containerfile"] = json.loads(re.search(r"^CMD (.*)$", CONTAINERFILE, re.MULTILINE)[1])
    assert all(words[0] in {"python", PYTHON} for words in found.values())
    return {where: words[1:] for where, words in found.items()}


@pytest.mark.parametrize("where", sorted(commands()))
def test_every_command_is_there(where):
    first, second, *rest = commands()[where]
    if first == "manage.py":
        assert get_commands()[second] == "drafts"
    elif second == "gunicorn":
        assert rest[0] == "--config"
        assert (CODE / rest[1]).exists()
        assert re.fullmatch(r"(127\.0\.0\.1|0\.0\.0\.0):8000", rest[rest.index("--bind") + 1])
    else:
        assert (CODE / f"{second.replace('.', '/')}.py").exists()


def test_compose_names_what_it_has():
    """It is true that services, volumes, networks and secrets that are named are declared, and the other way round."""
    services = COMPOSE["services"].values()
    for kind in ("networks", "secrets"):
        assert {name for service in services for name in service.get(kind, [])} == set(COMPOSE[kind])
    assert {name for service in services for name in service.get("depends_on", {})} <= set(
        COMPOSE["services"]
    )
    mounts = {mount.split(":")[0] for service in services for mount in service.get("volumes", [])}
    assert {mount for mount in mounts if not mount.startswith("./")} == set(COMPOSE["volumes"])
    for service in services:
        for other, told in service.get("depends_on", {}).items():
            assert told["condition"] != "service_healthy" or "healthcheck" in COMPOSE["services"][other]


def test_every_process_of_ours_is_there_without_rights():
    assert set(OURS) == {"prepare", "web", "worker", "scheduler"}
    for service in OURS.values():
        assert service["read_only"] == "true"
        assert service["tmpfs"] == ["/tmp"]
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
    stages = CONTAINERFILE.split("\nFROM ")
    assert len(stages) == 3  # what stands before the first, build, and what is run
    assert "USER 10001:10001" in stages[-1].splitlines()
    assert "--require-hashes" in stages[1]
    for path in UNITS:
        told = unit(path)
        assert told["User"] == ["presscheck"]
        assert told["ProtectSystem"] == ["strict"]
        assert told["NoNewPrivileges"] == ["yes"]
        assert told["CapabilityBoundingSet"] == [""]


def test_only_nginx_is_reached_from_outside():
    """It is true that gunicorn listens on the loopback that nginx shares with it, where the settings say that a proxy is."""
    assert {name for name, service in COMPOSE["services"].items() if "ports" in service} == {"web"}
    assert COMPOSE["services"]["nginx"]["network_mode"] == "service:web"
    assert COMPOSE["services"]["web"]["command"][-1] == "127.0.0.1:8000"
    nginx = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert "server 127.0.0.1:8000;" in nginx
    for told in (COMPOSE["services"]["web"]["environment"], environment_file()):
        assert told["PRESSCHECK_TRUSTED_PROXIES"] == "127.0.0.1"
        assert f"location {told['PRESSCHECK_ACCEL']}/ {{" in nginx


def test_nginx_takes_all_that_presscheck_takes(settings):
    """It is true that what is too large is refused in Presscheck's words, and no connection is used that gunicorn closes."""
    nginx = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    forms, files = sorted(
        {int(size) * 1024**2 for size in re.findall(r"client_max_body_size (\d+)m;", nginx)}
    )
    assert forms > settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert files > settings.FILE_SIZE_LIMIT + settings.FORM_MEMORY_LIMIT
    (idle,) = map(int, re.findall(r"keepalive_timeout (\d+)s;", nginx))
    gunicorn = (CODE / "config" / "gunicorn.py").read_text(encoding="utf-8")
    assert idle < int(re.search(r"^keepalive = (\d+)$", gunicorn, re.MULTILINE)[1])


def test_no_secret_stands_in_an_example():
    """It is true that secrets come from files alone, so that no example's key is ever used."""
    secret = {"PRESSCHECK_SECRET_KEY", "DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "POSTGRES_PASSWORD"}
    told = [*names().values(), set(COMPOSE["services"]["postgres"]["environment"])]
    assert not any(secret & one for one in told)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_units(tmp_path):
    for path in UNITS:
        text = path.read_text(encoding="utf-8").replace(PYTHON, sys.executable)
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    (tmp_path / "postgresql.service").write_text("[Service]\nExecStart=/bin/true\n")
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / path.name) for path in UNITS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_readme_speaks_of_every_file():
    for path in sorted(DEPLOY.rglob("*")):
        if path.is_file() and path.name != "README.md":
            assert f"`{path.relative_to(DEPLOY)}`" in README
    for name in (
        "PRESSCHECK_SECRET_KEY",
        "DATABASE_URL",
        "REDIS_URL",
        "PRESSCHECK_URL",
        "PRESSCHECK_TRUSTED_PROXIES",
    ):
        assert f"`{name}`" in README


@pytest.fixture
def image(tmp_path):
    """The folder that the image holds: what the Containerfile copies, and nothing else."""
    root = tmp_path / "presscheck"
    root.mkdir()
    for sources in re.findall(r"^COPY (?!--from)(.*) /opt/presscheck\S*$", CONTAINERFILE, re.MULTILINE):
        for source in sources.split():
            if (CODE / source).is_dir():
                # Programs beside may compile there, whose temporary files go while they are copied.
                shutil.copytree(CODE / source, root / source, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(CODE / source, root)
    return root


def run(image: Path, words: list[str], **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *words],
        cwd=image,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.embedded
def test_the_image_holds_all_that_is_needed(image, tmp_path):
    done = run(image, commands()["compose: prepare"], PRESSCHECK_DATA=str(tmp_path / "data"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data" / "static" / "staticfiles.json").exists()


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_it_starts_with_what_compose_says(image, draft, tmp_path, monkeypatch):
    """It is true that prepare, web, worker and scheduler run with compose's settings and nothing else, addresses aside."""
    port, data = free_port(), tmp_path / "data"
    (tmp_path / "secret-key").write_text("x1y2z3-not-anybody-elses-and-long-enough\n")
    (tmp_path / "database-url").write_text(f"{os.environ['DATABASE_URL']}\n")
    settings = {
        name: value.replace("/run/secrets", str(tmp_path)).replace(
            "redis://redis:6379/0", os.environ["REDIS_URL"]
        )
        for name, value in COMPOSE["services"]["web"]["environment"].items()
    }
    programs = {}
    try:
        with monkeypatch.context() as environment:
            for name in set(os.environ) - {"PATH", "LANG", "HOME"}:
                environment.delenv(name)
            for name, value in {**settings, "PRESSCHECK_DATA": str(data)}.items():
                environment.setenv(name, value)
            done = run(image, commands()["compose: prepare"], **settings, PRESSCHECK_DATA=str(data))
            assert done.returncode == 0, done.stderr
            for name in ("web", "worker", "scheduler"):
                words = [word.replace(":8000", f":{port}") for word in commands()[f"compose: {name}"]]
                programs[name] = Program(f"compose-{name}", *words)
                programs[name].start()
        server = Live(programs["web"], f"http://localhost:{port}", f"localhost:{port}", port)

        def is_ready() -> bool:
            assert all(program.is_alive for program in programs.values())
            try:
                return server.get("/readyz").status == 200
            except OSError:
                return False

        eventually(is_ready)
        with transaction.atomic():
            job = jobs.enqueue(kind=Kind.PURGE, subject=draft.subject)
        eventually(lambda: Job.objects.get(pk=job.pk).state == JobState.DONE)
        health = COMPOSE["services"]["web"]["healthcheck"]["test"]
        asked = run(image, [word.replace("8000", str(port)) for word in health[2:]])
        assert asked.returncode == 0, asked.stderr
    finally:
        for program in programs.values():
            program.stop()

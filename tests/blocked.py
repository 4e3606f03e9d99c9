"""How each blocker comes about: one situation for each code, made from a draft of sampleproject 1.0 and the cast."""

from dataclasses import dataclass
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import User
from drafts.access import links, operators, tokens
from drafts.evidence.add import paste
from drafts.models import Draft, File, Inspection, Project, Release, Says, Target
from drafts.publishing.targets import setting
from tests import wheels
from tests.approving import approve, needs
from tests.closing import days_pass
from tests.conftest import Ci, make_ci, publish
from tests.coupled import couple
from tests.pressing import mismatch
from tests.proofs import proof_of
from tests.uploading import Speaker
from tests.volunteers import invite

SYSTEM = Actor.system("tests")
WHEEL = wheels.wheel()
LINUX, WINDOWS = "cp313-cp313-manylinux_2_17_x86_64", "cp313-cp313-win_amd64"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA" + "0" * 40 + "\n"


@dataclass
class Cast:
    """The draft, and who is about it."""

    draft: Draft
    ci: Ci
    alice: User
    mike: User
    rita: User

    def stage(self, *built: wheels.Built) -> None:
        """Upload files; the draft is the one that they are in."""
        for one in built:
            assert self.ci.upload(one).status_code == 200
        self.draft = Draft.objects.live().latest("pk")

    def publish(self) -> None:
        publish(self.draft, self.mike)
        assert self.draft.state == "published"


def no_files(cast: Cast) -> None:
    for file in cast.draft.files.all():
        file.cancel()


def not_ready(cast: Cast) -> None:
    cast.draft.files.filter(filetype="sdist").update(state="processing")


def failed(cast: Cast) -> None:
    speaker, built = Speaker(cast.ci.token), wheels.wheel(build="7")
    file = speaker.announce(speaker.join(), built).json()
    speaker.send(file, bytes(built.size))
    assert speaker.complete(file).status_code == 400


def builder(cast: Cast) -> None:
    invite(cast.draft, cast.mike)


def expected(cast: Cast) -> None:
    Draft.objects.update(expects=[WHEEL.filename, "sampleproject-1.0-cp313-cp313-win_amd64.whl"])


def differs(cast: Cast) -> None:
    mismatch(cast.draft, cast.rita)


def conflict(cast: Cast) -> None:
    log = f"{WHEEL.sha256}  {WHEEL.filename}\n{'0' * 64}  {WHEEL.filename}\n".encode()
    paste(draft=cast.draft, data=log, label="log", user=cast.rita, by=SYSTEM)


def evidence_missing(cast: Cast) -> None:
    Project.objects.update(evidence_demand="pasted")


def evidence_weak(cast: Cast) -> None:
    log = "".join(f"{file.sha256}  {file.filename}\n" for file in cast.draft.files.all()).encode()
    paste(draft=cast.draft, data=log, label="log", user=cast.rita, by=SYSTEM)
    Project.objects.update(evidence_demand="fetched")


def name_published(cast: Cast) -> None:
    cast.publish()
    taken = cast.draft.files.get(filename=WHEEL.filename)
    cast.stage(wheels.wheel(build="5"))
    cast.draft.files.update(filename=taken.filename, identity=taken.identity)


def being_inspected(cast: Cast) -> None:
    Inspection.objects.filter(file__filetype="sdist").delete()


def not_inspected(cast: Cast) -> None:
    rows = Inspection.objects.filter(file__filetype="sdist")
    rows.update(state="failed", error="It took too long.", object_id=None)


def refused(cast: Cast) -> None:
    cast.stage(wheels.wheel(build="1", extra=(("sampleproject/more.py", b"x = 1\n"),)))


def leaked(cast: Cast) -> None:
    cast.stage(wheels.wheel(build="1", files={"sampleproject/key.pem": KEY}))


def token_leaked(cast: Cast) -> None:
    purpose = tokens.revoke_purpose(cast.ci.row, leaked=True)
    proof = proof_of(cast.alice, purpose)
    tokens.revoke_as_owner(token=cast.ci.row, by=SYSTEM, proof=proof, leaked=True)
    cast.ci = make_ci(cast.draft.project, label="new.yml")


def lost(cast: Cast) -> None:
    cast.draft.files.get(filename=WHEEL.filename).cancel()
    cast.stage(wheels.wheel(tag=LINUX), wheels.wheel(tag=WINDOWS))
    cast.publish()
    cast.stage(wheels.wheel(version="1.1", tag=LINUX), wheels.sdist(version="1.1"))


def pattern(cast: Cast) -> None:
    Project.objects.update(expected_files="patterns", expected_patterns=["*-win_amd64.whl"])


def adds(cast: Cast, **knobs: object) -> None:
    cast.publish()
    cast.stage(wheels.wheel(tag=LINUX, **knobs))


def other_sources(cast: Cast) -> None:
    adds(cast, salt="x")


def unknown_sources(cast: Cast) -> None:
    adds(cast)
    Inspection.objects.exclude(file__draft=cast.draft).delete()


def closed(cast: Cast) -> None:
    adds(cast)
    days_pass(14.1)


def approvals(cast: Cast) -> None:
    needs(2)
    approve(cast.rita, cast.draft)
    cast.stage(wheels.wheel(build="1"))
    approve(cast.alice, cast.draft)


def changes_wanted(cast: Cast) -> None:
    approve(cast.rita, cast.draft, Says.CHANGES, "The changelog is missing.")


def soak(cast: Cast) -> None:
    Project.objects.update(soak_hours=24)
    File.objects.update(staged_at=timezone.now() - timedelta(hours=6, minutes=5))


def reports(cast: Cast) -> None:
    token = links.token(links.make(draft=cast.draft, by=SYSTEM, label="Tom"))
    assert Client().post(f"/draft/{token}/report", {"result": "broken", "note": "no"}).status_code == 201
    Project.objects.update(answer_reports=True)


def archived(cast: Cast) -> None:
    Project.objects.update(status="archived", status_reason="Use another.")


def quarantined(cast: Cast) -> None:
    Project.objects.update(quarantined_at=timezone.now(), quarantine_reason="Malware.")


def held(cast: Cast) -> None:
    adds(cast)
    Release.objects.update(quarantined_at=timezone.now(), quarantine_reason="It ships a key logger.")


def read_only(cast: Cast) -> None:
    operators.make_read_only(reason="The disk is being replaced.", by=SYSTEM)


def train(cast: Cast) -> None:
    couple(cast.mike, cast.draft)


def target(cast: Cast, error: str = "PyPI does not answer.", **known: object) -> None:
    project = cast.draft.project
    setting.set_target(
        project=project,
        wanted=setting.Wanted(kind="pypi", secret="pypi-token"),
        by=SYSTEM,
        proof=proof_of(cast.alice, setting.purpose(project)),
    )
    Target.objects.update(checked_at=timezone.now(), check_error=error, known=known)


def attestations(cast: Cast) -> None:
    target(cast, error="", attested=True, newest="0.9")

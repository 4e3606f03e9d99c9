"""A job posts its log or a checksum file: with which token, about what, and what it never learns."""

import pytest
from django.test import Client

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.access import tokens
from drafts.access.limits import Limits
from drafts.evidence import waiting
from drafts.evidence.compare import Rank
from drafts.evidence.verdicts import comparison
from drafts.intake import stage
from drafts.models import Draft, EvidenceLog, Project, Token, TokenKind
from tests import bodies, wheels
from tests.conftest import make_ci, publish, totp_code

pytestmark = pytest.mark.django_db
WHEEL, SDIST = wheels.wheel(), wheels.sdist()
SUMS = f"{WHEEL.sha256}  {WHEEL.filename}\n{SDIST.sha256}  {SDIST.filename}\n".encode()
SYSTEM = Actor.system("tests")


def make(project: Project, kind: TokenKind = TokenKind.EVIDENCE, **more) -> tuple[Token, str]:
    return tokens.make(project=project, kind=kind, by=SYSTEM, **more)


@pytest.fixture
def ev(project) -> str:
    """The evidence token of the build job."""
    return make(project)[1]


def post(token: str | None, data: bytes = SUMS, *, version="1.0", project="sampleproject", **query):
    """Post a body as curl does."""
    query = "&".join(
        f"{name}={value}" for name, value in {"project": project, "version": version, **query}.items()
    )
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Client().post(
        f"/evidence/?{query}", data, content_type="application/x-www-form-urlencoded", headers=headers
    )


def ranks(draft: Draft) -> set[tuple[str, Rank | None]]:
    return {(str(one.verdict), one.rank) for one in comparison(draft).files.values()}


def test_the_build_jobs_word_ranks_as_ci(draft, ev):
    """It is true that evidence posted with an evidence token is independent of the token that staged the files."""
    response = post(ev, label="run+8812")
    assert (response.status_code, response.json()) == (
        202,
        {"digests": 2, "rank": "ci", "cut": False, "masked": 0},
    )
    assert ranks(draft) == {("match", Rank.CI)}
    log = EvidenceLog.objects.get()
    assert (log.label, log.draft, log.added_by_token.kind) == ("run 8812", draft, "evidence")
    assert AuditEvent.objects.get(event="evidence:added").actor_kind == "token"


def test_an_owner_makes_the_token_on_the_page(draft, alice):
    """It is true that the text which the page shows once is good for posting."""
    browser = Client()
    browser.force_login(alice)
    form = {"kind": "evidence", "label": "build job", "days": "30", "code": totp_code("alice")}
    page = browser.post("/projects/sampleproject/tokens/", form).content.decode()
    text = page.split("data-token-text>")[1].split("<")[0]
    assert text.startswith("pce_")
    assert post(text).status_code == 202
    assert ranks(draft) == {("match", Rank.CI)}


def test_the_uploaders_word_is_its_own(draft, ci):
    """It is true that an upload token vouches for what it staged by its own word only."""
    assert post(ci.token).json()["rank"] == "self"
    assert ranks(draft) == {("match", Rank.SELF)}


@pytest.mark.promise
def test_an_upload_token_says_nothing_of_what_others_staged(draft, project):
    """It is true that a stolen or careless upload token neither turns another's file green nor red."""
    other = make_ci(project, label="another")
    lie = f"{'0' * 64}  {WHEEL.filename}\n{SDIST.sha256}  {SDIST.filename}\n".encode()
    assert post(other.token, lie).status_code == 202
    assert ranks(draft) == {("none", None)}


def test_the_uploaders_word_does_not_mend_a_mismatch(draft, ci, ev):
    post(ev, f"{'0' * 64}  {WHEEL.filename}".encode())
    post(ci.token)
    assert str(comparison(draft).files[WHEEL.filename].verdict) == "mismatch"


@pytest.mark.promise
def test_the_answer_does_not_say_whether_there_is_a_release(draft, ev, mike):
    """It is true that no release, a draft, one being published and a published one are answered alike."""
    said = [post(ev, version=version) for version in ("1.0", "2.0")]
    stage.cancel(draft=draft, by=SYSTEM)
    said.append(post(ev))
    for one in said:
        del one["Expires"]
    assert len({(one.status_code, one.content, str(sorted(one.items()))) for one in said}) == 1
    assert said[0].status_code == 202


def test_what_comes_while_a_release_is_published_changes_nothing_of_it(draft, ev, mike):
    """It is true that evidence which comes too late neither fails nor reaches into the publish."""
    Draft.objects.filter(pk=draft.pk).update(
        state="processing", publishing_fingerprint="0" * 64, publishing_by=mike
    )
    assert post(ev, f"{'0' * 64}  {WHEEL.filename}".encode()).status_code == 202
    assert EvidenceLog.objects.get().draft is None
    assert ranks(draft) == {("none", None)}


def test_evidence_that_came_before_the_files_waits_for_them(ci, ev):
    """It is true that the build job may speak first."""
    assert post(ev).status_code == 202
    log = EvidenceLog.objects.get()
    assert (log.draft, log.version_key, AuditEvent.objects.filter(event="evidence:waits").count()) == (
        None,
        "1",
        1,
    )
    for built in (WHEEL, SDIST):
        assert ci.upload(built).status_code == 200
    assert ranks(Draft.objects.get()) == {("match", Rank.CI)}
    assert AuditEvent.objects.get(event="draft:opened").details["evidence"] == 1


def test_evidence_of_another_version_does_not_join(ci, ev):
    post(ev, version="1.0.1")
    ci.upload(WHEEL)
    assert EvidenceLog.objects.get().draft is None


def test_what_nobody_opened_a_draft_for_is_forgotten_after_a_week(ev, project, settings):
    """It is true that row and text go, and not a day before."""
    before = bodies.stored()
    post(ev)
    assert waiting.forget() == 0
    settings.EVIDENCE_WAITS_DAYS = 0
    assert waiting.forget() == 1
    assert not EvidenceLog.objects.exists()
    assert bodies.stored() == before


def test_the_same_text_twice_is_kept_once(draft, ev):
    first, second = post(ev), post(ev)
    assert (first.content, second.status_code) == (second.content, 202)
    assert EvidenceLog.objects.count() == 1
    post(ev, version="7")
    post(ev, version="7.0")
    assert EvidenceLog.objects.count() == 2


def test_a_publish_that_fails_gets_what_came_meanwhile(draft, ev, mike, monkeypatch):
    """It is true that what was posted while nothing could be added is there when the draft is editable again."""
    from drafts.publishing import flip

    post(ev)

    def breaks(draft, job):
        post(ev)  # what is there already
        post(ev, SUMS + b"again\n")
        raise flip.NotTheReviewedBytes("broken")

    with monkeypatch.context() as patch:
        patch.setattr(flip, "_in_time", breaks)
        publish(draft, mike)
    assert draft.state == "error"
    assert sorted(draft.evidence.values_list("size", flat=True)) == [len(SUMS), len(SUMS) + 6]
    assert ranks(draft) == {("match", Rank.CI)}


REFUSED = {
    "no token": (None, {}, 401, "no-credential"),
    "no such token": ("pce_nothing", {}, 401, "no-credential"),
    "another project": ("ev", {"project": "another"}, 403, "wrong-project"),
    "no project": ("ev", {"project": ""}, 400, "bad-name"),
    "no version": ("ev", {"version": ""}, 400, "bad-version"),
    "no version that there can be": ("ev", {"version": "one"}, 400, "bad-version"),
    "nothing in it": ("ev", {"data": b"all good"}, 422, "no-digest-found"),
}


@pytest.mark.parametrize(("token", "changes", "status", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_keeps_nothing(ev, project, token, changes, status, code):
    before = bodies.stored(), AuditEvent.objects.count()
    response = post(ev if token == "ev" else token, **changes)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert (bodies.stored(), AuditEvent.objects.count(), EvidenceLog.objects.count()) == (*before, 0)


@pytest.mark.promise
def test_an_evidence_token_can_do_nothing_else(draft, ev, project):
    """It is true that it stages nothing and reads nothing, and that a read token posts nothing."""
    before = draft.fingerprint()
    for path in ("/legacy/", "/upload/", f"/upload/{draft.handle}/"):
        response = Client().post(path, {}, headers={"Authorization": f"Bearer {ev}"})
        assert response.status_code in {403, 405}, path
    assert (
        Client().get("/projects/sampleproject/", headers={"Authorization": f"Bearer {ev}"}).status_code == 403
    )
    reader = make(project, TokenKind.READ)[1]
    assert (post(reader).status_code, post(reader).json()["code"]) == (403, "not-allowed")
    draft.refresh_from_db()
    assert draft.fingerprint() == before


def test_a_token_that_is_limited_to_versions_posts_about_those(project):
    """It is true that a limit holds before anything is looked up: the answer is the same for every other version."""
    limited = make(project, TokenKind.UPLOAD, limits=Limits.read(versions=["1.0"]))[1]
    assert post(limited).status_code == 202
    assert (post(limited, version="2.0").status_code, post(limited, version="2.0").json()["code"]) == (
        403,
        "token-version",
    )


def test_a_token_of_another_place_is_refused(project):
    limited = make(project, TokenKind.UPLOAD, limits=Limits.read(addresses=["203.0.113.0/24"]))[1]
    assert post(limited).json()["code"] == "token-address"


def test_a_long_log_is_cut_and_the_answer_says_so(draft, ev, settings):
    settings.EVIDENCE_SIZE_LIMIT = 200
    response = post(ev, SUMS.split(b"\n")[0] + b"\n" + b"." * 300)
    assert (response.status_code, response.json()["cut"], response.json()["digests"]) == (202, True, 1)
    assert EvidenceLog.objects.get().size == 200


def test_a_token_has_a_limit_for_each_day(draft, ev, project, settings):
    """It is true that what one token posts in a day is bounded, and another token still has its own."""
    settings.EVIDENCE_DAY_LIMIT = len(SUMS) + 10
    assert post(ev).status_code == 202
    response = post(ev, SUMS + b"\n", version="2.0")
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (
        429,
        "too-much-evidence",
        "3600",
    )
    assert post(make(project)[1], SUMS).status_code == 202
    EvidenceLog.objects.update(added_at="2020-01-01T00:00:00Z")
    assert post(ev, SUMS + b"\n", version="2.0").status_code == 202


def test_a_release_has_a_limit_whoever_posts(draft, ev, project, settings):
    settings.EVIDENCE_RELEASE_LIMIT = len(SUMS) + 10
    assert post(ev).status_code == 202
    assert post(make(project)[1], SUMS + b"\n").status_code == 413
    assert post(ev, version="2.0").status_code == 202


def test_a_body_that_is_far_too_large_is_not_read(ev, settings):
    settings.EVIDENCE_DAY_LIMIT = 50
    assert post(ev).json()["code"] == "too-much-evidence"


def test_secrets_in_what_is_posted_are_not_kept(draft, ev):
    """It is true that the kept text has no token in it, and the answer says how many were masked."""
    response = post(ev, SUMS + b"GITHUB_TOKEN=ghp_" + b"a1B2" * 10 + b"\n")
    assert response.json()["masked"] == 1
    from drafts.storage import storage

    with storage().open(EvidenceLog.objects.get().object_id, "evidence.log") as kept:
        assert kept.read() == SUMS + b"GITHUB_TOKEN=***\n"

"""Who may do what: every address of the product, walked by everybody who is not meant to get there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts import urls
from drafts.access import builders, links
from drafts.access.roles import MAY, Act, may
from drafts.evidence.add import paste
from drafts.models import Approval, CiRun, Decision, Draft, Receipt, ReceiptKey, Release, Role, Webhook
from tests import wheels
from tests.proofs import proof_of
from tests.trusted import trust

pytestmark = pytest.mark.django_db

PROJECT = "<projects:name>/"
DRAFT = f"{PROJECT}drafts/<str:version>/"
RELEASE = f"{PROJECT}releases/<str:version>/"


@dataclass(frozen=True)
class Page:
    """A page for people: its methods, and what a member must be allowed to do there. None: any signed-in person."""

    methods: tuple[str, ...]
    act: Act | None


GET, POST, BOTH = ("get", "head"), ("post",), ("get", "head", "post")
PAGES = {
    "": Page(GET, None),
    "trains/new/": Page(BOTH, None),
    "sandbox/": Page(BOTH, None),
    PROJECT: Page(GET, Act.SEE),
    f"{PROJECT}settings/": Page(BOTH, Act.POLICY),
    f"{PROJECT}upstream/": Page(BOTH, Act.TARGET),
    f"{PROJECT}upstream/remove/": Page(POST, Act.TARGET),
    f"{PROJECT}upstream/keep/": Page(POST, Act.TARGET),
    f"{DRAFT}upstream/resume/": Page(POST, Act.PUBLISH),
    f"{DRAFT}upstream/finish/": Page(BOTH, Act.TARGET),
    f"{PROJECT}settings/waiting/<int:loosening_id>/confirm/": Page(BOTH, Act.POLICY),
    f"{PROJECT}settings/waiting/<int:loosening_id>/withdraw/": Page(POST, Act.POLICY),
    f"{PROJECT}tokens/": Page(BOTH, Act.TOKENS),
    f"{PROJECT}tokens/<int:token_id>/revoke/": Page(BOTH, Act.TOKENS),
    f"{PROJECT}tokens/<int:token_id>/files/": Page(BOTH, Act.STAGE),
    f"{PROJECT}people/<int:user_id>/confirm/": Page(BOTH, Act.VOUCH),
    f"{PROJECT}people/": Page(GET, Act.SEE),
    f"{PROJECT}people/invite/": Page(BOTH, Act.MEMBERS),
    f"{PROJECT}people/invitations/<int:invitation_id>/revoke/": Page(POST, Act.MEMBERS),
    f"{PROJECT}people/leave/": Page(BOTH, Act.SEE),
    f"{PROJECT}people/team/": Page(BOTH, Act.MEMBERS),
    f"{PROJECT}people/<int:user_id>/role/": Page(BOTH, Act.MEMBERS),
    f"{PROJECT}people/<int:user_id>/remove/": Page(BOTH, Act.MEMBERS),
    f"{PROJECT}group/": Page(BOTH, Act.GROUP),
    "teams/": Page(BOTH, None),
    f"{PROJECT}publishers/": Page(BOTH, Act.PUBLISHERS),
    f"{PROJECT}publishers/<int:publisher_id>/remove/": Page(BOTH, Act.PUBLISHERS),
    f"{PROJECT}publishers/<int:publisher_id>/files/": Page(BOTH, Act.STAGE),
    f"{PROJECT}order/": Page(BOTH, Act.REVOKE_ORDER),
    f"{PROJECT}order/revoke/": Page(POST, Act.REVOKE_ORDER),
    f"{PROJECT}upload/": Page(POST, Act.STAGE),
    f"{PROJECT}ci/": Page(BOTH, Act.CI),
    f"{PROJECT}ci/test/": Page(POST, Act.CI),
    f"{PROJECT}ci/remove/": Page(POST, Act.CI),
    f"{PROJECT}ci/webhook/": Page(BOTH, Act.CI),
    f"{PROJECT}ci/webhook/revoke/": Page(POST, Act.CI),
    f"{PROJECT}findings/": Page(GET, Act.SEE),
    f"{PROJECT}findings/<int:remembered_id>/revoke/": Page(POST, Act.FINDINGS),
    f"{PROJECT}runs/": Page(POST, Act.STAGE),
    f"{PROJECT}runs/<int:run_id>/": Page(GET, Act.SEE),
    f"{PROJECT}runs/<int:run_id>/choose/": Page(POST, Act.STAGE),
    f"{PROJECT}runs/<int:run_id>/again/": Page(POST, Act.EVIDENCE),
    f"{PROJECT}status/": Page(BOTH, Act.STATUS),
    f"{PROJECT}audit/": Page(GET, Act.AUDIT),
    f"{PROJECT}audit/export/": Page(POST, Act.AUDIT),
    RELEASE: Page(GET, Act.SEE),
    f"{RELEASE}yank/": Page(POST, Act.YANK),
    f"{RELEASE}delete/": Page(BOTH, Act.DELETE),
    f"{RELEASE}close/": Page(BOTH, Act.WINDOW),
    f"{RELEASE}reopen/": Page(BOTH, Act.WINDOW),
    DRAFT: Page(GET, Act.SEE),
    f"{DRAFT}receipt.json": Page(GET, Act.SEE),
    f"{DRAFT}now/": Page(GET, Act.SEE),
    f"{DRAFT}evidence/": Page(POST, Act.EVIDENCE),
    f"{DRAFT}evidence/SHA256SUMS": Page(GET, Act.SEE),
    f"{DRAFT}evidence/run/": Page(POST, Act.EVIDENCE),
    f"{DRAFT}evidence/attestations/": Page(POST, Act.EVIDENCE),
    f"{DRAFT}evidence/<int:log_id>/": Page(GET, Act.SEE),
    f"{DRAFT}evidence/<int:log_id>/aside/": Page(BOTH, Act.SET_ASIDE),
    f"{DRAFT}files/<str:filename>/put-back/": Page(POST, Act.STAGE),
    f"{DRAFT}upload/": Page(POST, Act.STAGE),
    f"{DRAFT}files/<str:filename>/delete/": Page(BOTH, Act.STAGE),
    f"{DRAFT}files/<str:filename>/download/": Page(GET, Act.SEE),
    f"{DRAFT}files/<str:filename>/": Page(GET, Act.SEE),
    f"{DRAFT}files/<str:filename>/inspect/": Page(POST, Act.FINDINGS),
    f"{DRAFT}findings/accept/": Page(POST, Act.FINDINGS),
    f"{DRAFT}arriving/<str:upload>/delete/": Page(POST, Act.STAGE),
    f"{DRAFT}expected/strike/": Page(POST, Act.STAGE),
    f"{DRAFT}viewed/": Page(POST, Act.SEE),
    f"{DRAFT}links/": Page(POST, Act.LINK),
    f"{DRAFT}links/<int:link_id>/revoke/": Page(POST, Act.LINK),
    f"{DRAFT}builders/": Page(BOTH, Act.BUILDERS),
    f"{DRAFT}builders/<int:builder_id>/expect/": Page(POST, Act.BUILDERS),
    f"{DRAFT}builders/<int:builder_id>/revoke/": Page(POST, Act.BUILDERS),
    f"{DRAFT}publish/": Page(BOTH, Act.PUBLISH),
    f"{DRAFT}schedule/withdraw/": Page(POST, Act.PUBLISH),
    f"{DRAFT}cancel/": Page(BOTH, Act.CANCEL),
    f"{DRAFT}extend/": Page(POST, Act.CANCEL),
    f"{DRAFT}decide/": Page(POST, Act.DECIDE),
    f"{DRAFT}decide/<int:decision_id>/revoke/": Page(POST, Act.DECIDE),
    f"{DRAFT}files/<str:filename>/changes/": Page(GET, Act.SEE),
    f"{DRAFT}approve/": Page(BOTH, Act.APPROVE),
    f"{DRAFT}approvals/<int:approval_id>/withdraw/": Page(BOTH, Act.APPROVE),
    f"{DRAFT}reports/<int:report_id>/answer/": Page(POST, Act.ANSWER),
    f"{DRAFT}reports/<int:report_id>/revoke/": Page(POST, Act.ANSWER),
    "account/news/": Page(BOTH, None),
    f"{PROJECT}webhooks/": Page(BOTH, Act.WEBHOOKS),
    f"{PROJECT}webhooks/<int:hook_id>/": Page(GET, Act.WEBHOOKS),
    f"{PROJECT}webhooks/<int:hook_id>/test/": Page(POST, Act.WEBHOOKS),
    f"{PROJECT}webhooks/<int:hook_id>/rotate/": Page(BOTH, Act.WEBHOOKS),
    f"{PROJECT}webhooks/<int:hook_id>/enable/": Page(BOTH, Act.WEBHOOKS),
    f"{PROJECT}webhooks/<int:hook_id>/remove/": Page(BOTH, Act.WEBHOOKS),
    f"{PROJECT}webhooks/<int:hook_id>/again/<int:message_id>/": Page(POST, Act.WEBHOOKS),
}
# Pages of teams and groups: who is in them finds them, nobody else; tests/test_teams.py says what each may there.
CIRCLES = {
    "teams/<slug:team>/": Page(GET, None),
    "teams/<slug:team>/invite/": Page(BOTH, None),
    "teams/<slug:team>/invitations/<int:invitation_id>/revoke/": Page(POST, None),
    "teams/<slug:team>/people/<int:user_id>/remove/": Page(BOTH, None),
    "groups/<slug:group>/": Page(GET, None),
    "groups/<slug:group>/tokens/": Page(BOTH, None),
    "groups/<slug:group>/tokens/<int:token_id>/revoke/": Page(BOTH, None),
    "groups/<slug:group>/tokens/<int:token_id>/files/": Page(BOTH, None),
}
# Pages of operators that are about people; tests/test_operators_people.py says that they are 404 for others.
OPERATING = {
    "operators/people/": Page(GET, None),
    "operators/people/<int:user_id>/": Page(BOTH, None),
    "operators/tokens/": Page(BOTH, None),
    "operators/tokens/<int:token_id>/revoke/": Page(BOTH, None),
    "operators/<projects:name>/hand-over/": Page(BOTH, None),
}
# Pages of operators: 404 for every other person.
OPERATED = {
    "operators/": GET,
    "operators/read-only/": POST,
    "operators/audit/": GET,
    "operators/audit/export/": POST,
    "operators/quotas/": GET,
    "operators/<projects:name>/quota/": BOTH,
    "operators/<projects:name>/": GET,
    "operators/<projects:name>/quarantine/": BOTH,
    "operators/<projects:name>/drafts/<int:draft_id>/look/": BOTH,
}
# Addresses of trains, which several projects share; tests/test_train_roles.py walks them.
TRAINS = {
    "trains/<int:train_id>/": Page(GET, Act.SEE),
    "trains/<int:train_id>/join/": Page(POST, Act.TRAIN),
    "trains/<int:train_id>/leave/<int:draft_id>/": Page(POST, Act.TRAIN),
    "trains/<int:train_id>/links/": Page(POST, Act.LINK),
    "trains/<int:train_id>/links/<int:link_id>/revoke/": Page(POST, Act.LINK),
    "trains/<int:train_id>/publish/": Page(BOTH, Act.PUBLISH),
}
# Addresses that take an upload token and nothing else.
UPLOADS = {
    "upload/",
    "upload/check/<str:filename>",
    "sandbox/upload/",
    "sandbox/upload/check/<str:filename>",
    "<upload:handle>/",
    "<upload:handle>/publish/",
    "<upload:handle>/extend/",
    "<upload:handle>/files/",
    "<upload:handle>/files/<str:file>/",
    "<upload:handle>/files/<str:file>/content",
    "<upload:handle>/files/<str:file>/attestations",
    "<upload:handle>/files/<str:file>/complete/",
    "<upload:handle>/files/<str:file>/extend/",
    "<upload:handle>/approved/<str:filename>",
}
# Addresses that take a token which posts evidence.
EVIDENCE = {"evidence/", "sandbox/evidence/"}
# Addresses that anybody may ask; tests/test_index_pages.py and tests/test_draft_link.py say what they answer.
PUBLIC = {"help/ci/", "help/errors/", "stage.py", "legacy", "legacy/", "healthz", "readyz", "metrics"}
PUBLIC |= {"legacy/<str:name>/<str:version>/", "project/<str:name>/"}
PUBLIC |= {"simple/", "<simple:name>/", "files/<str:public_id>/<str:filename>"}
PUBLIC |= {"<integrity:name>/<str:version>/<str:filename>/provenance"}  # tests/test_provenance.py
# What readers of the index see of it: tests/test_public_pages.py, tests/test_insight.py.
PUBLIC |= {"<releases:name>/", "<releases:name>/<str:version>/"}
PUBLIC |= {"<releases:name>/<str:version>/receipt-<int:number>.json"}
PUBLIC |= {"sandbox/legacy", "sandbox/legacy/", "sandbox/legacy/<str:name>/<str:version>/"}
PUBLIC |= {"sandbox/simple/", "sandbox/files/<str:public_id>/<str:filename>"}
PUBLIC |= {"insight/", "insight/years.csv", "insight/late.csv"}
# Addresses that take a proof of who a CI job is; tests/test_trusted_publishing.py says what they answer.
PUBLIC |= {"_/oidc/audience", "_/oidc/mint-token", "_/oidc/github/mint-token", "_/oidc/burn-token"}
PUBLIC |= {"hooks/runs/<str:handle>/"}  # tests/test_run_webhooks.py says whom it believes
PUBLIC |= {"invitations/<str:token>/"}  # tests/test_invitations.py says whom it lets in
PUBLIC |= {"handovers/<str:token>/"}  # a former owner says no; tests/test_handover.py
PUBLIC |= {".well-known/presscheck-audit"}
PUBLIC |= {".well-known/pytp", ".well-known/pytp/<str:key>", ".well-known/presscheck.json"}
LINKS = {
    "draft/simple/",
    "draft/simple/<str:name>/",
    "draft/only/simple/",
    "draft/only/simple/<str:name>/",
    "draft/all/simple/",
    "draft/all/simple/<str:name>/",
    "draft/files/<str:handle>/<str:filename>",
    "draft/requirements.txt",
    "draft/<str:token>/",
    "draft/<str:token>/simple/",
    "draft/<str:token>/simple/<str:name>/",
    "draft/<str:token>/only/simple/",
    "draft/<str:token>/only/simple/<str:name>/",
    "draft/<str:token>/all/simple/",
    "draft/<str:token>/all/simple/<str:name>/",
    "draft/<str:token>/files/<str:handle>/<str:filename>",
    "draft/<str:token>/requirements.txt",
    "draft/report",
    "draft/<str:token>/report",
    "draft/<path:_rest>",
    "<upload:handle>/files/<str:file>/<str:token>/",  # tests/test_links_to_files.py
}
METHODS = ("get", "head", "post", "put", "patch", "delete")


def routes(patterns=urls.urlpatterns, before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            assert isinstance(pattern, URLPattern)
            yield route


def test_every_address_is_in_one_table():
    """It is true that an address which nobody decided on does not exist."""
    tables = [*PAGES, *CIRCLES, *OPERATING, *OPERATED, *TRAINS, *UPLOADS, *EVIDENCE, *PUBLIC, *LINKS]
    assert sorted(tables) == sorted(routes())


@pytest.fixture
def where(draft, alice, mike, ci, rita) -> dict[str, str]:
    """What the addresses' variables stand for."""
    link = links.make(draft=draft, by=Actor.system("tests"))
    run = CiRun.objects.create(
        project=draft.project,
        kind="github",
        repository="octo/sampleproject",
        number=8812,
        asked_by=mike,
    )
    builder, _ = builders.invite(
        draft=draft,
        name="Ann",
        patterns=["*-macosx_*"],
        expected=None,
        days=7,
        by=Actor.system("tests"),
        proof=proof_of(alice, builders.purpose(draft)),
    )
    key = ReceiptKey.objects.create(key_id="a", public="x", private_sealed="x", valid_from=draft.opened_at)
    Receipt.objects.create(draft=draft, key=key, envelope={}, signed_at=draft.opened_at)
    Release.objects.create(
        project=draft.project, version="1.0", version_key="1", published_at=draft.opened_at
    )
    log = paste(
        draft=draft,
        data=f"{wheels.wheel().sha256}  {wheels.wheel().filename}".encode(),
        label="log",
        user=rita,
        by=Actor.system("tests"),
    ).log
    decision = Decision.objects.create(draft=draft, kind="without", what=["sdist"], reason="why", by=alice)
    loosening = draft.project.loosenings.create(
        before={}, after={}, asked_by=alice, due_at=draft.expires_at, asked_at=draft.opened_at
    )
    invitation = draft.project.invitations.create(
        role="reviewer",
        email="nora@example.org",
        token_sha256="x",
        invited_by=alice,
        expires_at=draft.expires_at,
    )
    yes = Approval.objects.create(draft=draft, user=rita, says="yes", fingerprint=draft.fingerprint())
    hook = Webhook.objects.create(
        project=draft.project, url="https://x", events=[], secret_sealed="x", made_by=alice
    )
    return {
        "<int:invitation_id>": str(invitation.pk),
        "<slug:team>": "band",
        "<slug:group>": "suite",
        "<int:loosening_id>": str(loosening.pk),
        "<int:hook_id>": str(hook.pk),
        "<int:approval_id>": str(yes.pk),
        "<int:report_id>": "0",
        "<int:message_id>": "0",
        "<int:log_id>": str(log.pk),
        "<int:decision_id>": str(decision.pk),
        "<int:publisher_id>": str(trust(draft.project, alice, "").pk),
        "<int:run_id>": str(run.pk),
        "<int:remembered_id>": "1",
        "<int:builder_id>": str(builder.pk),
        "<int:token_id>": str(ci.row.pk),
        "<int:draft_id>": str(draft.pk),
        "<int:user_id>": str(draft.project.members.get(role="maintainer").user_id),
        "<projects:name>": "projects/sampleproject",
        "<str:version>": "1.0",
        "<str:filename>": wheels.wheel().filename,
        "<int:link_id>": str(link.pk),
        "<str:upload>": "0" * 32,
        "<upload:handle>": f"upload/{draft.handle}",
    }


def address(route: str, where: dict[str, str]) -> str:
    for variable, value in where.items():
        route = route.replace(variable, value)
    assert "<" not in route
    return "/" + route


def ask(client: Client, method: str, path: str, **headers: str):
    response = getattr(client, method)(path, headers=headers)
    if response.streaming:
        list(response.streaming_content)  # which closes the file behind it
    return response


def words(response) -> bytes:
    """The page without the secret that is new on every page."""
    return re.sub(rb'name="csrfmiddlewaretoken" value="\w+"', b"", response.content)


def state() -> tuple:
    draft = Draft.objects.get()
    return draft.state, draft.fingerprint(), draft.expires_at, AuditEvent.objects.count()


def allowed(page: Page) -> list[str]:
    return [method for method in METHODS if method in page.methods]


def test_nobody_gets_to_a_page_without_signing_in(where):
    """It is true that every page sends a stranger to the sign-in, whether or not it speaks of something that exists."""
    before = state()
    nowhere = {**where, "<projects:name>": "projects/notthere"}
    for route, there in ((route, there) for route in (*PAGES, *OPERATED) for there in (where, nowhere)):
        for method in METHODS:
            response = ask(Client(), method, address(route, there))
            assert response.status_code == 302, (method, route)
            assert response["Location"].startswith("/accounts/login/?next=/")
    assert state() == before


def test_a_signed_in_stranger_finds_nothing(where, charlie):
    """It is true that pages of a project are 404 for who is no member, word for word as those of no project."""
    browser = Client()
    browser.force_login(charlie)
    before = state()
    for route, page in PAGES.items():
        for method in allowed(page) if page.act else []:
            response = ask(browser, method, address(route, where))
            assert response.status_code == 404, (method, route)
            other = ask(browser, method, address(route, {**where, "<projects:name>": "projects/notthere"}))
            assert (other.status_code, words(other)) == (404, words(response))
    assert b"sampleproject" not in browser.get("/").content
    assert b"sampleproject" not in browser.get("/?q=sample").content
    assert state() == before


def test_pages_know_their_methods(where, alice):
    browser = Client()
    browser.force_login(alice)
    before = state()
    for route, page in PAGES.items():
        for method in set(METHODS) - set(page.methods):
            assert ask(browser, method, address(route, where)).status_code == 405, (method, route)
    assert state() == before


@pytest.mark.promise
@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_an_upload_token_opens_no_page(where, ci, scheme):
    """It is true that a valid token is refused on every page as a token, and learns nothing of what exists."""
    authorization = ci.basic if scheme == "basic" else f"Bearer {ci.token}"
    before = state()
    nowhere = {**where, "<projects:name>": "projects/notthere"}
    for route, there in ((route, there) for route in (*PAGES, *OPERATED) for there in (where, nowhere)):
        for method in METHODS:
            response = ask(Client(), method, address(route, there), Authorization=authorization)
            assert response.status_code == 403, (method, route)
    assert state() == before


@pytest.mark.parametrize("role", list(Role))
def test_a_member_without_the_right_is_told_so(where, alice, mike, rita, role):
    """It is true that each page asks for its act: 403 without it, and without it nothing changes."""
    browser = Client()
    browser.force_login({Role.OWNER: alice, Role.MAINTAINER: mike, Role.REVIEWER: rita}[role])
    before = state()
    for route, page in PAGES.items():
        for method in allowed(page):
            if page.act is not None and not may(role, page.act):
                assert ask(browser, method, address(route, where)).status_code == 403, (method, route)
            elif method != "post":
                assert shown(ask(browser, method, address(route, where))), (method, route)
    assert state() == before


def shown(answer) -> bool:
    """Whether an answer is the page, or leads to the bytes in the bucket."""
    bucket = settings.PRESSCHECK_S3_ENDPOINT
    return answer.status_code == 200 or bool(bucket and answer.get("Location", "").startswith(bucket))


@pytest.mark.parametrize("role", list(Role))
def test_a_member_with_the_right_gets_through(where, alice, mike, rita, role):
    browser = Client()
    browser.force_login({Role.OWNER: alice, Role.MAINTAINER: mike, Role.REVIEWER: rita}[role])
    path = address(f"{DRAFT}links/", where)
    assert ask(browser, "post", path).status_code == 302
    assert Draft.objects.get().links.count() == 3
    if may(role, Act.CANCEL):
        assert ask(browser, "post", address(f"{DRAFT}cancel/", where)).status_code == 302
        assert Draft.objects.get().state == "canceled"


RIGHTS = {
    Role.REVIEWER: {Act.SEE, Act.LINK, Act.EVIDENCE, Act.APPROVE},
    Role.MAINTAINER: set(Act)
    - {
        Act.TOKENS,
        Act.POLICY,
        Act.CI,
        Act.PUBLISHERS,
        Act.VOUCH,
        Act.DELETE,
        Act.MEMBERS,
        Act.GROUP,
        Act.WEBHOOKS,
        Act.STATUS,
        Act.AUDIT,
        Act.TARGET,
        Act.ORDER,
    },
    Role.OWNER: set(Act),
}


def test_the_table_of_roles_is_the_products():
    """It is true that roles allow what chapter 9's table says, and a role that there is not allows nothing."""
    assert {role: set(acts) for role, acts in MAY.items()} == RIGHTS
    assert not any(may(role, act) for role in ("", "admin", "Owner") for act in Act)


def test_a_person_without_a_second_factor_sees_enrolment_alone(where, alice):
    """It is true that every page sends a person without a factor to set one up."""
    alice.authenticator_set.all().delete()
    browser = Client()
    browser.force_login(alice)
    for route in PAGES:
        for method in METHODS:
            response = ask(browser, method, address(route, where))
            assert (response.status_code, response["Location"]) == (302, "/account/enrol/")


@pytest.mark.promise
def test_an_operators_page_is_none_for_everybody_else(where, alice, mike, rita, charlie):
    """It is true that owners, members and strangers find nothing there by any method, and change nothing."""
    before = state()
    for user in (alice, mike, rita, charlie):
        browser = Client()
        browser.force_login(user)
        for route in OPERATED:
            for method in METHODS:
                assert ask(browser, method, address(route, where)).status_code == 404, (method, route)
    assert state() == before


@pytest.mark.promise
def test_an_operator_is_a_stranger_to_projects(where, olgas):
    """It is true that running the server opens no page of a project to a person who is no member of it."""
    before = state()
    for route, page in PAGES.items():
        for method in allowed(page) if page.act else []:
            assert ask(olgas, method, address(route, where)).status_code == 404, (method, route)
    for route, methods in OPERATED.items():
        for method in METHODS:
            if method not in methods:
                assert ask(olgas, method, address(route, where)).status_code == 405, (method, route)
            elif method != "post":
                assert ask(olgas, method, address(route, where)).status_code == 200, (method, route)
    assert state() == before


def test_a_member_who_was_removed_is_a_stranger(where, mike):
    browser = Client()
    browser.force_login(mike)
    path = address(DRAFT, where)
    assert browser.get(path).status_code == 200
    mike.memberships.all().delete()
    assert browser.get(path).status_code == 404


def test_a_person_who_was_switched_off_is_signed_out(where, mike):
    browser = Client()
    browser.force_login(mike)
    type(mike).objects.filter(pk=mike.pk).update(is_active=False)
    assert browser.get(address(DRAFT, where)).status_code == 302


def test_a_form_of_another_site_changes_nothing(where, alice):
    """It is true that every POST of a signed-in person needs the CSRF token of a page."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    before = state()
    for route, page in PAGES.items():
        if "post" in page.methods:
            response = browser.post(address(route, where), {"content": "x"})
            assert response.status_code == 403, route
    assert state() == before

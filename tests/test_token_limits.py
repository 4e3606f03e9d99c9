"""What a limited upload token is good for: certain versions, file names, addresses, one draft. Each limit is refused in words."""

import json
from io import BytesIO, StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.access import tokens
from drafts.access.limits import BadLimit, Limits, within
from drafts.dist import parse_filename
from drafts.intake import legacy, receive, stage
from drafts.models import Draft, File, Token, TokenKind
from tests import bodies, wheels
from tests.bodies import codes
from tests.conftest import Ci, make_ci, upload, upload_form

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
MAC = {"tag": "cp312-cp312-macosx_11_0_arm64"}


def limited(project, **limits) -> Ci:
    """A token with these limits."""
    return make_ci(project, limits=Limits.read(**limits))


WIDE = [
    ({"versions": ["1.0.0"]}, {}),
    ({"versions": ["2", "1"]}, {}),
    ({"patterns": ["*-macosx_*"]}, MAC),
    ({"patterns": ["*.tar.gz", "sampleproject-1.*"]}, {}),
    ({"patterns": ["*-MacOSX_*"]}, MAC),
    ({"addresses": ["127.0.0.0/8"]}, {}),
    ({"addresses": ["2001:db8::/32", "127.0.0.1"]}, {}),
]
NARROW = [
    ({"versions": ["1.0.1"]}, {}, "token-version"),
    ({"versions": ["1.0.dev1", "2"]}, {}, "token-version"),
    ({"patterns": ["*-macosx_*"]}, {}, "token-filename"),
    ({"patterns": ["*-macosx_*"]}, {"tag": "cp312-cp312-macosx_11_0_arm64.manylinux_2_17_x86_64"}, "token-filename"),
    ({"patterns": ["*-macosx_*"]}, {"tag": "macosx_1.cp312-cp312-win_amd64"}, "token-filename"),
    ({"patterns": ["*.tar.gz"]}, {}, "token-filename"),
    ({"addresses": ["10.0.0.0/8"]}, {}, "token-address"),
    ({"addresses": ["2001:db8::/32"]}, {}, "token-address"),
]  # fmt: skip


@pytest.mark.parametrize(("limits", "knobs"), WIDE)
def test_what_lies_within_the_limits_is_taken(project, limits, knobs):
    """It is true that a limit lets in what it names, in any spelling."""
    assert limited(project, **limits).upload(wheels.wheel(**knobs)).status_code == 200


@pytest.mark.promise
@pytest.mark.parametrize(("limits", "knobs", "code"), NARROW)
def test_what_lies_outside_the_limits_is_refused(project, nothing_kept, limits, knobs, code):
    """It is true that a limited token stages nothing else, is told so by a stable code, and nothing is kept."""
    ci = limited(project, **limits)
    events = AuditEvent.objects.count()
    response = ci.upload(wheels.wheel(**knobs))
    assert response.status_code == 403
    assert codes(response) == {code}
    assert AuditEvent.objects.count() == events


@pytest.fixture
def nothing_kept():
    """Fails the test unless no row and no bytes stay."""
    before = bodies.stored()
    yield
    assert (File.objects.count(), Draft.objects.count()) == (0, 0)
    assert bodies.stored() == before


def test_a_file_name_is_refused_before_its_bytes_are_read(project, nothing_kept, monkeypatch):
    """It is true that the bytes of a file which the token is not meant for are never written to storage."""
    made = []
    monkeypatch.setattr(receive, "Upload", made.append)
    response = limited(project, patterns=["*-macosx_*"]).upload(wheels.wheel())
    assert (response.status_code, made) == (403, [])


def test_the_act_refuses_what_the_door_let_through(project, nothing_kept, monkeypatch):
    """It is true that the limits hold under the lock too, whichever way the file came."""
    monkeypatch.setattr(legacy, "_named", lambda *_: None)
    response = limited(project, patterns=["*-macosx_*"]).upload(wheels.wheel())
    assert (response.status_code, codes(response)) == (403, {"token-filename"})


def test_a_token_that_is_not_used_from_its_address_says_no_more(project):
    """It is true that the refusal names no network, and the token is not marked as used."""
    ci = limited(project, addresses=["10.1.2.0/24"])
    response = ci.upload(wheels.wheel())
    assert json.loads(response.content)["detail"] == "This token may not be used from here."
    assert b"10." not in response.content
    assert Token.objects.get().last_used_at is None


def test_the_address_is_asked_at_every_door(project, draft):
    """It is true that a session, too, opens only from the token's network."""
    ci = limited(project, addresses=["10.1.2.0/24"])
    path = f"/upload/{draft.handle}/"
    outside = Client().get(path, headers={"Authorization": ci.basic})
    inside = Client(REMOTE_ADDR="10.1.2.3").get(path, headers={"Authorization": ci.basic})
    mapped = Client(REMOTE_ADDR="::ffff:10.1.2.3").get(path, headers={"Authorization": ci.basic})
    assert [answer.status_code for answer in (outside, inside, mapped)] == [403, 200, 200]


def test_a_limited_token_knows_of_no_other_draft(project, ci, draft):
    """It is true that a session of another version is not there for a token that is limited to one."""
    assert ci.upload(wheels.wheel(version="2.0")).status_code == 200
    other = Draft.objects.get(version="2.0")
    limits = [limited(project, versions=["2.0"]), of_draft(other)]
    for token in limits:
        for row, status in ((draft, 404), (other, 200)):
            answer = Client().get(f"/upload/{row.handle}/", headers={"Authorization": token.basic})
            assert answer.status_code == status


def of_draft(draft: Draft) -> Ci:
    """A token that belongs to a draft."""
    row, text = tokens.new(
        project=draft.project,
        kind=TokenKind.UPLOAD,
        user=None,
        label="of a draft",
        days=7,
        add_only=True,
        limits=Limits(),
        draft=draft,
    )
    return Ci(text, row)


def test_a_token_of_a_draft_dies_with_it(draft):
    """It is true that it stages while the draft lives, and after its end opens nothing: not the next draft either."""
    token = of_draft(draft)
    assert token.upload(wheels.wheel(build="1")).status_code == 200
    assert Token.objects.get(pk=token.row.pk).is_valid
    stage.cancel(draft=draft, by=SYSTEM)
    assert not Token.objects.get(pk=token.row.pk).is_valid
    response = token.upload(wheels.wheel(build="2"))
    assert (response.status_code, codes(response)) == (401, {"no-credential"})
    assert Draft.objects.count() == 1


@pytest.mark.parametrize(
    ("pattern", "filename", "fits"),
    [
        ("*-macosx_*", "sampleproject-1.0-cp312-cp312-macosx_11_0_arm64.whl", True),
        ("*-macosx_*", "SampleProject-1.0-CP312-cp312-macosx_11_0_arm64.whl", True),
        ("*-macosx_*", "sampleproject-1.0-cp312-cp312-macosx_10_9_x86_64.macosx_11_0_arm64.whl", True),
        ("*-macosx_*", "sampleproject-1.0-1macosx_-cp312-cp312-win32.whl", False),
        ("sampleproject-1.0-1mac-*", "sampleproject-1.0-1mac-cp312-cp312-win32.whl", True),
        ("*-none-any.whl", "sampleproject-1.0-py2.py3-none-any.whl", True),
        ("*-py3-none-any.whl", "sampleproject-1.0-py2.py3-none-any.whl", False),
        ("sample_project-*", "sample.project-1.0.tar.gz", True),
        ("sampleproject-1.0.tar.gz", "sampleproject-1.0.0.tar.gz", False),
        ("*cp31[0-2]-*", "sampleproject-1.0-cp311-cp311-win32.whl", True),
        ("*cp31[0-2]-*", "sampleproject-1.0-cp313-cp313-win32.whl", False),
    ],
)
def test_a_pattern_means_the_normalised_name(pattern, filename, fits):
    """It is true that case and spelling do not matter, and every tag of a compressed tag set has to match."""
    assert (parse_filename(filename).unlike([pattern]) is None) is fits


@pytest.mark.parametrize(
    ("address", "inside"),
    [("10.9.9.9", True), ("11.0.0.0", False), ("::ffff:10.0.0.1", True), ("", False), ("localhost", False)],
)
def test_an_address_lies_within_a_network_or_not(address, inside):
    assert within(address, ["10.0.0.0/8", "2001:db8::/32"]) is inside


BAD = {
    "a version that is none": {"versions": ["one"]},
    "a pattern with a slash": {"patterns": ["../*"]},
    "an empty pattern": {"patterns": [""]},
    "a pattern without end": {"patterns": ["*" * 251]},
    "a compressed tag set, of which no file is compared": {"patterns": ["*-py2.py3-none-any.whl"]},
    "two platforms in one": {"patterns": ["*-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"]},
    "a name that is not normalised": {"patterns": ["sample.project-*"]},
    "an address that is none": {"addresses": ["office"]},
    "too many of them": {"versions": [f"1.{n}" for n in range(51)]},
}


@pytest.mark.parametrize("limits", BAD.values(), ids=BAD.keys())
def test_a_limit_that_cannot_be_read_is_said_in_words(limits):
    with pytest.raises(BadLimit, match=r"\.$"):
        Limits.read(**limits)


def test_limits_are_kept_as_they_are_compared(project):
    """It is true that versions are canonical, patterns in lower case, addresses networks; and the event holds them."""
    row = limited(project, versions=["1.0", "1.0.0"], patterns=["*-MACOSX_*"], addresses=["10.1.2.3/8"]).row
    assert (row.versions, row.patterns, row.addresses) == (["1"], ["*-macosx_*"], ["10.0.0.0/8"])
    details = AuditEvent.objects.get(event="token:made").details
    assert (details["versions"], details["patterns"]) == (["1"], ["*-macosx_*"])
    assert details["addresses"] == ["10.0.0.0/8"]


def test_the_command_takes_limits(project):
    said = StringIO()
    options = ("--version", "1.0", "--pattern", "*-win32*", "--pattern", "*.tar.gz", "--address", "::1")
    call_command("token", "sampleproject", *options, stdout=said)
    row = Token.objects.get()
    assert said.getvalue().startswith("pcu_")
    assert (row.versions, row.patterns, row.addresses) == (["1"], ["*-win32*", "*.tar.gz"], ["::1/128"])


@pytest.mark.parametrize(
    "options", [("--version", "one"), ("--kind", "read", "--version", "1.0"), ("--address", "office")]
)
def test_the_command_refuses_limits_in_a_sentence(project, options):
    with pytest.raises(CommandError):
        call_command("token", "sampleproject", *options)
    assert not Token.objects.exists()


@pytest.mark.promise
def test_a_refused_name_is_answered_though_its_bytes_are_on_their_way(project):
    """It is true that the refusal comes for a form whose file comes first, as for one whose file comes last."""
    ci = limited(project, patterns=["*-macosx_*"])
    form = bodies.parts(wheels.wheel())
    for parts in (form, [form[-1], *form[:-1]]):
        response = bodies.post_form(parts, ci.basic)
        assert (response.status_code, codes(response)) == (403, {"token-filename"})
    assert not File.objects.exists()


def test_a_person_is_not_limited(project, mike):
    """It is true that the limits of tokens concern no member of the project."""
    browser = Client()
    browser.force_login(mike)
    form = upload_form(wheels.wheel())
    content = BytesIO(form["content"].read())
    content.name = wheels.wheel().filename
    limited(project, patterns=["*-macosx_*"])
    assert browser.post("/projects/sampleproject/upload/", {"content": content}).status_code == 302
    assert File.objects.count() == 1
    assert upload(Client(), wheels.wheel(), None).status_code == 401


@pytest.mark.parametrize(
    "pattern", ["sampleproject-1.0.post1-*", "*.tar.gz", "*.whl", "x-1.0.dev3+cu121*", "*-1!2.0-*"]
)
def test_dots_of_versions_and_endings_are_no_mistake(pattern):
    assert Limits.read(patterns=[pattern]).patterns == (pattern,)

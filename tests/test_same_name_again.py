"""The same name again: what comes of a second upload, in a draft, while publishing, and for ever after."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEvent
from drafts.intake.stage import Event
from drafts.models import BurntName, Draft, DraftState, File, FileState
from drafts.storage import storage
from tests import bodies, wheels
from tests.bodies import codes
from tests.conftest import draft_url, make_ci, publish

pytestmark = pytest.mark.django_db
WHEEL = wheels.wheel()
OTHER = wheels.wheel(salt="other")


@pytest.fixture
def published(draft, mike):
    """The draft, published."""
    browser = Client()
    browser.force_login(mike)
    publish(draft, mike, browser)
    assert draft.state == DraftState.PUBLISHED
    return draft


def events() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("event", flat=True))


def test_identical_bytes_change_nothing(ci):
    """It is true that a job which runs again is answered with 200, and no row, event or byte is added."""
    ci.upload(WHEEL)
    before = events(), bodies.stored(), Draft.objects.get().fingerprint(), Draft.objects.get().expires_at
    response = ci.upload(WHEEL)
    assert response.status_code == 200
    assert "nothing changed" in json.loads(response.content)["notices"][0]
    assert (
        events(),
        bodies.stored(),
        Draft.objects.get().fingerprint(),
        Draft.objects.get().expires_at,
    ) == before
    assert File.objects.count() == 1


def test_other_bytes_replace(ci):
    """It is true that a replaced file's digests are both on record, and its bytes stay for comparison."""
    ci.upload(WHEEL)
    before = Draft.objects.get().fingerprint()
    response = ci.upload(OTHER)
    assert response.status_code == 200
    old, new = File.objects.order_by("pk")
    assert (old.state, old.superseded_by, new.state) == (FileState.CANCELED, new, FileState.COMPLETED)
    assert Draft.objects.get().fingerprint() != before
    event = AuditEvent.objects.latest("pk")
    assert (event.event, event.digest, event.details["before"]) == (
        Event.REPLACED,
        OTHER.sha256,
        WHEEL.sha256,
    )
    with storage().open(old.object_id, old.filename) as kept:
        assert kept.read() == WHEEL.data


def test_going_back_to_the_first_bytes_is_a_replacement_too(ci):
    for built in (WHEEL, OTHER, WHEEL):
        assert ci.upload(built).status_code == 200
    assert File.objects.count() == 3
    assert File.objects.live().get().sha256 == WHEEL.sha256


def _by_another_token(project, ci, mike):
    make_ci(project, label="other").upload(WHEEL)


def _by_a_person(project, ci, mike):
    ci.upload(wheels.sdist())
    browser = Client()
    browser.force_login(mike)
    content = SimpleUploadedFile(WHEEL.filename, WHEEL.data)
    browser.post(draft_url(Draft.objects.get(), "file-upload"), {"content": content})


def _by_itself_add_only(project, ci, mike):
    ci.upload(WHEEL)
    type(ci.row).objects.update(add_only=True)


@pytest.mark.promise
@pytest.mark.parametrize(
    ("stage", "code"),
    [
        (_by_another_token, "not-your-file"),
        (_by_a_person, "not-your-file"),
        (_by_itself_add_only, "add-only"),
    ],
)
def test_a_token_replaces_only_what_it_staged(project, ci, mike, stage, code):
    """It is true that what somebody else staged is out of a token's reach, and the refusal names the page."""
    stage(project, ci, mike)
    before = events(), bodies.stored()
    response = ci.upload(OTHER)
    assert response.status_code == 403
    assert codes(response) == {code}
    assert "/projects/sampleproject/drafts/1.0/" in json.loads(response.content)["detail"]
    assert (events(), bodies.stored()) == before
    assert File.objects.live().get(filename=WHEEL.filename).sha256 == WHEEL.sha256
    assert ci.upload(wheels.wheel(build="7")).status_code == 200


def test_an_identical_file_of_another_token_is_no_replacement(project, ci):
    make_ci(project, label="other", add_only=True).upload(WHEEL)
    assert ci.upload(WHEEL).status_code == 200
    assert File.objects.get().staged_by_token != ci.row


def test_a_maintainer_replaces_what_a_token_staged(draft, mike):
    browser = Client()
    browser.force_login(mike)
    browser.post(draft_url(draft, "file-upload"), {"content": SimpleUploadedFile(OTHER.filename, OTHER.data)})
    assert draft.files.live().get(filename=OTHER.filename).sha256 == OTHER.sha256


def test_what_is_published_with_the_same_bytes_is_a_success(published, ci):
    """It is true that a job which runs again after publishing is green and opens no draft."""
    before = events(), bodies.stored()
    response = ci.upload(WHEEL)
    assert response.status_code == 200
    assert json.loads(response.content).keys() == {"meta", "notices"}
    assert response["Location"].endswith("/releases/sampleproject/1.0/")
    assert (events(), bodies.stored(), Draft.objects.count()) == (*before, 1)


def _deleted(published):
    """The names of a release that was deleted stay burnt, though nothing of it is public."""
    File.objects.update(release=None, public_id=None, published_at=None)


@pytest.mark.promise
@pytest.mark.parametrize(
    ("built", "prepare"),
    [(OTHER, lambda _: None), (WHEEL, _deleted), (OTHER, _deleted)],
    ids=["published, other bytes", "deleted, the same bytes", "deleted, other bytes"],
)
def test_a_published_name_is_never_used_again(published, ci, built, prepare):
    """It is true that the refusal has the words that clients match on, and that no draft is opened for it."""
    prepare(published)
    before = bodies.stored()
    response = ci.upload(built)
    assert response.status_code == 400
    assert codes(response) == {"file-exists"}
    assert response.reason_phrase.startswith(
        f"File already exists ('{WHEEL.filename}', with sha256 {WHEEL.sha256})"
    )
    assert (Draft.objects.count(), bodies.stored()) == (1, before)


SPELLINGS = {
    "capitals": (
        wheels.wheel(),
        wheels.wheel(filename="SampleProject-1.0-py3-none-any.whl", dist_info="SampleProject-1.0.dist-info"),
    ),
    "the version's zeros": (wheels.wheel(), wheels.wheel(version="1.0.0")),
    "the order of tags": (
        wheels.wheel(tag="py2.py3-none-any"),
        wheels.wheel(tag="py2.py3-none-any", filename="sampleproject-1.0-py3.py2-none-any.whl"),
    ),
    "a tag's capitals": (wheels.wheel(), wheels.wheel(filename="sampleproject-1.0-PY3-none-any.whl")),
    "a build number's zeros": (
        wheels.wheel(build="1"),
        wheels.wheel(build="1", filename="sampleproject-1.0-01-py3-none-any.whl"),
    ),
}


@pytest.mark.promise
@pytest.mark.parametrize("side", ["draft", "index"])
@pytest.mark.parametrize(("first", "second"), SPELLINGS.values(), ids=SPELLINGS.keys())
def test_another_spelling_is_the_same_file(project, ci, mike, first, second, side):
    """It is true that names which differ only in spelling never stand side by side, staged or published."""
    assert ci.upload(first).status_code == 200
    if side == "index":
        browser = Client()
        browser.force_login(mike)
        publish(Draft.objects.get(), mike, browser)
    before = bodies.stored()
    response = ci.upload(second)
    assert response.status_code == 400
    assert codes(response) == {"same-file-other-spelling"}
    assert File.objects.count() == 1
    assert bodies.stored() == before
    assert ci.upload(wheels.wheel(build="9")).status_code == 200


def test_a_second_sdist_is_refused(ci):
    assert ci.upload(wheels.sdist()).status_code == 200
    response = ci.upload(wheels.sdist(version="1.0.0"))
    assert response.status_code == 400
    assert codes(response) == {"second-sdist"}


@pytest.mark.parametrize(
    "built", [WHEEL, OTHER, wheels.wheel(build="3")], ids=["the same", "other", "a new one"]
)
def test_a_draft_being_published_takes_no_files(draft, ci, mike, built):
    browser = Client()
    browser.force_login(mike)
    _start_only(draft, mike, browser)
    before = events(), bodies.stored()
    response = ci.upload(built)
    assert response.status_code == 409
    assert int(response["Retry-After"]) > 0
    assert codes(response) <= {"being-published", "not-editable"}
    assert (events(), bodies.stored()) == before
    assert BurntName.objects.filter(permanent=False).count() == 2


def _start_only(draft, user, browser):
    from tests.conftest import totp_code

    fields = {"fingerprint": draft.fingerprint(), "code": totp_code("mike")}
    browser.post(draft_url(draft, "publish"), fields)
    draft.refresh_from_db()
    assert draft.state == DraftState.PROCESSING


def test_versions_that_are_equal_join_one_draft(ci):
    ci.upload(wheels.wheel(version="1.0"))
    ci.upload(wheels.wheel(version="1.0.0", build="2"), version="1.0.0.0")
    assert Draft.objects.get().files.count() == 2

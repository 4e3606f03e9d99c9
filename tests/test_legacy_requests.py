"""What the upload address takes and answers beside a plain upload: old actions, other spellings, fields of old clients."""

import http.client
import json
from contextlib import closing

import pytest
from django.conf import settings
from django.test import Client

from drafts.models import Draft, File
from tests import bodies, wheels
from tests.bodies import codes
from tests.conftest import publish
from tests.environment import PORT

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("action", ["submit", "submit_pkg_info", "doc_upload"])
@pytest.mark.parametrize("place", ["query", "form"])
def test_an_action_of_long_ago_is_gone(ci, nothing_kept, action, place):
    """It is true that registering a project or its documentation is answered with 410, with a file or without."""
    form = [bodies.text("name", "sampleproject"), bodies.text("version", "1.0")]
    path = "/legacy/"
    if place == "query":
        path = f"/legacy/?:action={action}"
    else:
        form.append(bodies.text(":action", action))
    response = Client().post(
        path,
        bodies.spelled(form),
        content_type=bodies.CONTENT_TYPE,
        headers={"Authorization": ci.basic},
    )
    assert response.status_code == 410
    assert codes(response) == {"action-gone"}


def test_without_the_slash_the_answer_names_the_address(ci):
    """It is true that the redirect is absolute, keeps the query, and says in its reason phrase where to upload."""
    response = Client().post("/legacy?:action=file_upload", headers={"Authorization": ci.basic})
    assert response.status_code == 308
    assert response["Location"] == f"{settings.PRESSCHECK_URL}/legacy/?:action=file_upload"
    assert f"{settings.PRESSCHECK_URL}/legacy/" in response.reason_phrase
    assert (
        Client()
        .get("/legacy?next=//evil.example")
        .headers["Location"]
        .startswith(f"{settings.PRESSCHECK_URL}/legacy/?")
    )


LINKS = {
    "hatch": ("/legacy/sampleproject/1.0/", "/projects/sampleproject/drafts/1.0/"),
    "flit": ("/project/Sample.Project/", "/projects/sample-project/"),
    "hatch, nothing there": ("/legacy/nothing/1!2.0/", "/projects/nothing/drafts/1!2.0/"),
}


@pytest.mark.parametrize(("printed", "leads_to"), LINKS.values(), ids=LINKS.keys())
def test_the_address_that_a_client_prints_leads_to_the_page(printed, leads_to):
    """It is true that what hatch and flit print as the release's address leads there, whether there is such a release or not."""
    response = Client().get(printed)
    assert (response.status_code, response["Location"]) == (302, leads_to)


def test_hatch_is_not_told_what_there_is(draft, ci):
    """It is true that the page where hatch looks for files to skip is not there: what is staged again is looked at here."""
    for name in ("sampleproject", "nothing"):
        response = Client().get(f"/legacy/+simple/{name}/", headers={"Authorization": ci.basic})
        assert response.status_code == 404


ACCEPTED = {
    "staged, as proposed for PEP 694": {"staged": "true"},
    "not staged": {"staged": "false"},
    "no protocol version": {"protocol_version": None},
    "a signature as text": {"gpg_signature": "-----BEGIN PGP SIGNATURE-----"},
    "a field that nobody knows": {"x-new": "1"},
}


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_clients_send_beside_is_taken(ci, changes):
    """It is true that such a field changes nothing: the file is staged, and staging is not the client's choice."""
    response = bodies.post_form(bodies.parts(wheels.wheel(), **changes), ci.basic)
    assert response.status_code == 200, response.content
    assert json.loads(response.content)["status"] == "open"
    assert File.objects.get().release is None


def signature(size: int = 800) -> bodies.Part:
    """A detached signature, as twine and pdm send it: a file."""
    return 'form-data; name="gpg_signature"; filename="sampleproject-1.0-py3-none-any.whl.asc"', b"-" * size


@pytest.mark.parametrize("first", [True, False], ids=["before the file", "after the file"])
def test_a_signature_is_read_and_dropped(ci, first):
    """It is true that a signature is no reason to refuse, and that only the file's bytes are kept."""
    before = bodies.stored()
    form = bodies.parts(wheels.wheel())
    form = [signature(), *form] if first else [*form, signature()]
    response = bodies.post_form(form, ci.basic)
    assert response.status_code == 200, response.content
    assert len(bodies.stored() - before) == 1
    assert File.objects.get().sha256 == wheels.wheel().sha256


def test_a_signature_counts_as_text(ci, nothing_kept, settings):
    settings.FORM_MEMORY_LIMIT = 4096
    response = bodies.post_form([*bodies.parts(wheels.wheel()), signature(8192)], ci.basic)
    assert response.status_code == 413
    assert codes(response) == {"form-too-large"}


SINGLE = ["description", "license", "license_expression", "author_email", "home_page", "metadata_version"]
SINGLE += ["description_content_type", "pyversion", "comment"]
MULTIPLE = [
    "classifiers",
    "requires_dist",
    "project_urls",
    "license_file",
    "provides_extra",
    "dynamic",
    "platform",
]
MULTIPLE += ["keywords", "import_name"]


@pytest.mark.parametrize("name", SINGLE)
def test_a_single_field_twice_is_refused(ci, nothing_kept, name):
    form = [*bodies.parts(wheels.wheel(), **{name: "2.1"}), bodies.text(name, "2.2")]
    response = bodies.post_form(form, ci.basic)
    assert response.status_code == 400
    assert codes(response) == {"field-twice"}


@pytest.mark.parametrize("name", MULTIPLE)
def test_a_multiple_field_may_come_again(ci, name):
    form = [*bodies.parts(wheels.wheel(), **{name: "a"}), bodies.text(name, "b")]
    assert bodies.post_form(form, ci.basic).status_code == 200


NO_TEXT = {
    "the name of a field": b'form-data; name="\xff\xfe"',
    "the name of the file": b'form-data; name="content"; filename="\xff\xfe.whl"',
}


@pytest.mark.parametrize("disposition", NO_TEXT.values(), ids=NO_TEXT.keys())
def test_a_header_that_is_not_utf8_breaks_the_form(ci, nothing_kept, disposition):
    part = b"--%s\r\nContent-Disposition: %s\r\n\r\nx\r\n" % (bodies.BOUNDARY.encode(), disposition)
    body = part + bodies.spelled(bodies.parts(wheels.wheel()))
    response = bodies.post(bodies.Stream(body), len(body), ci.basic)
    assert response.status_code == 400
    assert codes(response) & {"broken-form", "bad-filename"}


def test_the_answer_is_for_the_uploader_alone(ci):
    """It is true that no cache keeps it, no cookie comes with it, and its address is the session's."""
    for response in (ci.upload(wheels.wheel()), ci.upload(wheels.wheel(), name="-")):
        assert "no-store" in response["Cache-Control"]
        assert not response.cookies
        assert "Cookie" not in response.get("Vary", "")
    staged = ci.upload(wheels.wheel())
    assert staged["Vary"] == "Accept"
    assert staged["Content-Type"] == "application/vnd.pypi.upload.v2+json"
    path = staged["Location"].removeprefix(settings.PRESSCHECK_URL)
    again = Client().get(path, headers={"Authorization": ci.basic})
    assert again.status_code == 200
    answers = [json.loads(one.content) for one in (staged, again)]
    assert answers[0].pop("notices")
    # No legacy client reads blockers, and reading them for each of 50 wheels is work.
    assert answers[1]["meta"]["_presscheck"].pop("blockers") == []
    assert answers[0] == answers[1]


def test_a_late_file_is_told_so(draft, ci, mike):
    """It is true that the first notice begins with these words once the release is published, and not before."""
    words = "ADDS TO A PUBLISHED RELEASE"
    first = json.loads(ci.upload(wheels.wheel(build="1")).content)["notices"][0]
    assert words not in first
    assert Draft.objects.count() == 1
    publish(draft, mike)
    for built in (
        wheels.wheel(build="2"),
        wheels.wheel(build="2", salt="b"),
        wheels.wheel(build="2", salt="b"),
    ):
        late = json.loads(ci.upload(built).content)["notices"][0]
        assert late.startswith(f"{words}: sampleproject 1.0 ")
        assert built.filename in late
    other = json.loads(ci.upload(wheels.wheel(version="1.1")).content)["notices"][0]
    assert words not in other


def test_a_late_file_of_an_equal_version_is_told_so(draft, ci, mike):
    publish(draft, mike)
    built = wheels.wheel(version="1.0.0", build="2")
    assert json.loads(ci.upload(built).content)["notices"][0].startswith("ADDS TO A PUBLISHED RELEASE")


def test_a_published_file_again_gives_meta_and_notices_alone(draft, ci, mike):
    publish(draft, mike)
    response = ci.upload(wheels.wheel())
    body = json.loads(response.content)
    assert body.keys() == {"meta", "notices"}
    assert "published already with the same bytes" in body["notices"][0]
    assert response["Location"] == f"{settings.PRESSCHECK_URL}/releases/sampleproject/1.0/"
    page = Client().get(response["Location"].removeprefix(settings.PRESSCHECK_URL))
    assert wheels.wheel().filename in page.content.decode()


@pytest.mark.clients
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mebibytes", [0, 8])
def test_a_chunked_body_is_told_that_a_length_is_missing(live, ci, mebibytes):
    """It is true that the answer is 411 with words, through the real server, though the chunks were never read."""
    with closing(http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)) as connection:
        headers = {"Host": live.host, "Content-Type": bodies.CONTENT_TYPE, "Authorization": ci.basic}
        body = bodies.spelled(bodies.parts(wheels.wheel()))
        chunks = iter([body, *[bytes(1024 * 1024)] * mebibytes])
        connection.request("POST", "/legacy/", chunks, headers, encode_chunked=True)
        answer = connection.getresponse()
        assert answer.status == 411
        assert json.loads(answer.read())["code"] == "no-content-length"
        connection.request("GET", "/healthz", headers={"Host": live.host})
        assert connection.getresponse().status == 200
    assert not File.objects.exists()


def test_the_reason_phrase_is_whole_for_the_longest_name(ci, mike):
    """It is true that clients which show nothing else get the whole sentence, with what to do at its end."""
    start = "sampleproject-1.0-py3-none-"
    built = [wheels.wheel(tag=f"py3-none-{'x' * (246 - len(start))}", salt=salt) for salt in ("", "other")]
    assert len(built[0].filename) == 250
    assert ci.upload(built[0]).status_code == 200
    publish(Draft.objects.get(), mike)
    response = ci.upload(built[1])
    assert response.reason_phrase.startswith(f"File already exists ('{built[0].filename}', with sha256 ")
    assert response.reason_phrase.endswith("make a new version, or a build number.")
    assert response.reason_phrase == json.loads(response.content)["detail"]


ADDRESSES = {
    "without the slash": ("post", "/legacy", 308),
    "an action of long ago in the query": ("post", "/legacy/?:action=doc_upload", 410),
    "a person who looks": ("get", "/legacy/", 200),
    "a HEAD": ("head", "/legacy/", 200),
    "another method": ("put", "/legacy/", 405),
}


@pytest.mark.parametrize(("method", "path", "status"), ADDRESSES.values(), ids=ADDRESSES.keys())
def test_the_address_answers_all_methods(ci, method, path, status):
    response = getattr(Client(), method)(path, headers={"Authorization": ci.basic})
    assert response.status_code == status
    if status == 308:
        assert response["Location"].endswith("/legacy/")


def test_the_action_may_stand_in_the_query(ci):
    form = bodies.spelled(bodies.parts(wheels.wheel(), **{":action": None}))
    response = Client().post(
        "/legacy/?:action=file_upload",
        form,
        content_type=bodies.CONTENT_TYPE,
        headers={"Authorization": ci.basic},
    )
    assert response.status_code == 200

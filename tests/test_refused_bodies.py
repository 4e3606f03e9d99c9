"""Bodies that are not what they promise, and files that are too large: refused while they stream, leaving nothing."""

import tracemalloc

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from drafts.models import File
from tests import bodies, wheels
from tests.bodies import codes
from tests.racing import race

pytestmark = pytest.mark.django_db
MIB = 1024**2


def _whole() -> bytes:
    return bodies.spelled(bodies.parts(wheels.wheel()))


def _unclosed() -> bytes:
    return bodies.spelled(bodies.parts(wheels.wheel()), closing=False)


BROKEN = {
    "cut short": (lambda: (_whole()[:-200], len(_whole())), 400, "body-cut-short"),
    "cut short inside the fields": (lambda: (_whole()[:150], len(_whole())), 400, "body-cut-short"),
    "nothing came": (lambda: (b"", 1000), 400, "body-cut-short"),
    "no closing boundary": (lambda: (_unclosed(), len(_unclosed())), 400, "broken-form"),
    "a length that lies by ten bytes": (lambda: (_whole(), len(_whole()) - 10), 400, "broken-form"),
    "an empty body": (lambda: (b"", 0), 400, "broken-form"),
    "no Content-Length": (lambda: (_whole(), None), 411, "no-content-length"),
    "a Content-Length that is no number": (lambda: (_whole(), "-5"), 411, "no-content-length"),
}


@pytest.mark.parametrize(("make", "status", "code"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_body_leaves_nothing(ci, nothing_kept, make, status, code):
    """It is true that a body which is not what its length and boundary promise is refused whole."""
    data, length = make()
    response = bodies.post(bodies.Stream(data), length, ci.basic)
    assert response.status_code == status
    assert codes(response) == {code}


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "application/json", "", "text/plain; boundary=x"]
)
def test_what_is_no_form_is_refused(ci, nothing_kept, content_type):
    body = _whole()
    response = bodies.post(bodies.Stream(body), len(body), ci.basic, content_type=content_type)
    assert response.status_code == 400
    assert codes(response) == {"not-multipart"}


def test_a_client_that_goes_away_leaves_nothing(ci, nothing_kept):
    class Gone(bodies.Stream):
        def read(self, size=-1):
            chunk = super().read(min(size, 300))
            if self.taken > 900:
                raise ConnectionResetError
            return chunk

    body = _whole()
    response = bodies.post(Gone(body), len(body), ci.basic)
    assert response.status_code == 400
    assert codes(response) == {"body-cut-short"}


def _huge(size: int) -> tuple[bodies.Stream, int]:
    """A form whose file is ``size`` zeros, made as they are read."""
    form = bodies.spelled(bodies.parts(wheels.Built("sampleproject-1.0-py3-none-any.whl", b"")))
    head, tail = form[: -len(bodies.BOUNDARY) - 8], form[-len(bodies.BOUNDARY) - 8 :]
    return bodies.Stream(head, size, tail), len(form) + size


def test_a_body_far_over_the_limit_is_not_read_at_all(ci, nothing_kept, settings):
    settings.FILE_SIZE_LIMIT = MIB
    stream, length = _huge(64 * MIB)
    response = bodies.post(stream, length, ci.basic)
    assert response.status_code == 413
    assert codes(response) == {"file-too-large"}
    assert stream.taken == 0


def test_a_file_over_the_limit_is_refused_while_it_streams(ci, nothing_kept, settings):
    settings.FILE_SIZE_LIMIT = MIB
    stream, length = _huge(6 * MIB)
    response = bodies.post(stream, length, ci.basic)
    assert response.status_code == 413
    assert codes(response) == {"file-too-large"}
    assert MIB < stream.taken < 2 * MIB


def test_text_fields_over_the_limit_are_refused_while_they_stream(ci, nothing_kept, settings):
    settings.FORM_MEMORY_LIMIT = MIB
    response = bodies.post_form(bodies.parts(wheels.wheel(), description="x" * (MIB + 1)), ci.basic)
    assert response.status_code == 413
    assert codes(response) == {"form-too-large"}


def test_too_many_fields_are_refused(ci, nothing_kept, settings):
    settings.FORM_FIELDS_LIMIT = 20
    classifiers = [bodies.text("classifiers", "x")] * 20
    response = bodies.post_form([*classifiers, *bodies.parts(wheels.wheel())], ci.basic)
    assert response.status_code == 413
    assert codes(response) == {"form-too-large"}


@pytest.mark.promise
def test_memory_does_not_grow_with_the_file(ci, nothing_kept):
    """It is true that a body is read in small pieces and none of it is kept in memory."""
    stream, length = _huge(48 * MIB)
    tracemalloc.start()
    try:
        response = bodies.post(stream, length, ci.basic)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert response.status_code == 400
    assert stream.taken == length
    assert stream.largest <= 256 * 1024
    assert peak < 6 * MIB


def test_a_full_quota_refuses_but_leaves_maintainers_a_fifth(project, ci, mike):
    built = wheels.wheel()
    project.quota = built.size * 11 // 10  # whole it is enough, four fifths of it are not
    project.save(update_fields=["quota"])
    before = bodies.stored()
    response = ci.upload(built)
    assert response.status_code == 413
    assert codes(response) == {"file-too-large"}
    assert bodies.stored() == before
    browser = Client()
    browser.force_login(mike)
    content = SimpleUploadedFile(built.filename, built.data)
    browser.post(reverse("upload-new", args=[project.name]), {"content": content})
    assert File.objects.get().sha256 == built.sha256


@pytest.mark.django_db(transaction=True)
def test_uploads_at_one_moment_stay_within_the_quota(project, ci):
    """It is true that ten files of which three fit are three, whatever races."""
    files = [wheels.wheel(build=str(number)) for number in range(1, 11)]
    project.quota = (max(file.size for file in files) * 7 // 2) * 5 // 4
    project.save(update_fields=["quota"])
    before = bodies.stored()
    statuses = race([lambda file=file: ci.upload(file).status_code for file in files])
    assert sorted(statuses) == [200] * 3 + [413] * 7
    assert File.objects.count() == len(bodies.stored() - before) == 3

"""What the upload's form said is held against the metadata inside: a note, with both sides."""

import pytest
from django.test import Client

from drafts.models import File, Finding
from tests import wheels
from tests.conftest import draft_url
from tests.looking import found

INSIDE = {
    "requires_python": ">=3.10",
    "requires_dist": ("rich>=13; extra == 'x'", "attrs"),
    "fields": (
        ("Summary", "Counts sheep"),
        ("Provides-Extra", "x"),
        ("Classifier", "Programming Language :: Python"),
        ("Classifier", "Topic :: Utilities"),
        ("Author-Email", "Alice <alice@example.org>"),
    ),
}
TAG = "py2.py3-none-any"

# What a form says of this wheel and may say: the same, spelled as tools do, or nothing.
ALIKE = {
    "nothing": {},
    "the same": {"summary": ["Counts sheep"], "requires_python": [">=3.10"], "version": ["1.0"]},
    "spaces": {"summary": ["Counts  sheep "], "requires_python": [" >= 3.10"]},
    "another order": {"classifiers": ["Topic :: Utilities", "Programming Language :: Python"]},
    "requirements spelled otherwise": {"requires_dist": ["attrs", 'rich >=13 ; extra == "x"']},
    "the tag": {"pyversion": ["py2.py3"]},
    "a field nobody compares": {"comment": ["hello"]},
}
DIFFERENT = {
    "summary": ["Counts goats"],
    "requires_python": [">=3.8"],
    "requires_dist": ["attrs"],
    "classifiers": ["Topic :: Utilities"],
    "pyversion": ["cp312"],
    "version": ["1.0.0"],
    "author_email": ["mallory@example.org"],
    "license": ["MIT"],
    "provides_extra": ["x", "y"],
}


def notes(form) -> list[str]:
    every = found(wheels.wheel(tag=TAG, **INSIDE), form=form).all()
    return [one.text for one, _ in every if one.code == "form-differs"]


@pytest.mark.parametrize("form", ALIKE.values(), ids=ALIKE.keys())
def test_what_says_the_same_is_no_difference(form):
    assert notes(form) == []


@pytest.mark.parametrize("field", DIFFERENT)
def test_each_field_that_says_something_else_is_noted_with_both_sides(field):
    (text,) = notes({field: DIFFERENT[field]})
    assert text.startswith(f"The form says {field} ")


def test_both_sides_are_said():
    assert notes({"summary": ["Counts goats"]}) == [
        "The form says summary 'Counts goats', the file 'Counts sheep'."
    ]
    assert notes({"classifiers": ["Topic :: Utilities"]}) == [
        "The form says classifiers nothing else, the file 'Programming Language :: Python'."
    ]


@pytest.mark.django_db
def test_a_form_that_lies_is_noted_on_the_page(ci, alice):
    """It is true that the fields are kept with the upload, and what differs stands on the draft's page as a note."""
    assert ci.upload(wheels.wheel(**INSIDE), summary="Counts goats", home_page="UNKNOWN").status_code == 200
    file = File.objects.get()
    assert file.form_fields == {"version": ["1.0"], "summary": ["Counts goats"]}
    assert [one.severity for one in Finding.objects.filter(code="form-differs")] == ["note"]
    client = Client()
    client.force_login(alice)
    page = client.get(draft_url(file.draft)).content.decode()
    assert "The form says summary" in page
    assert "Counts goats" in page


@pytest.mark.django_db
def test_a_huge_form_is_kept_within_bounds(ci):
    assert ci.upload(wheels.wheel(), summary="x" * 5000, classifiers=["y"] * 1000).status_code == 200
    kept = File.objects.get().form_fields
    assert (len(kept["summary"][0]), len(kept["classifiers"])) == (1000, 300)

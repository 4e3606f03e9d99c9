"""It is true that every code of a refusal is explained on the page that the problem document points to."""

import ast
from pathlib import Path

import pytest
from django.test import Client

import drafts.intake
from drafts.dist import Code
from drafts.intake import codes

# Which argument of which call is the code.
CALLS = {"Finding": 2, "one": 2, "Refused": 1, "_wrong": 2}


def written_codes():
    """Every code that a call in the intake room writes down."""
    for path in Path(drafts.intake.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            at = CALLS.get(name)
            if at is not None and len(node.args) > at and isinstance(node.args[at], ast.Constant):
                yield node.args[at].value


def test_every_code_is_explained():
    known = {code for group in codes.GROUPS.values() for code in group}
    assert set(written_codes()) | {str(code) for code in Code} <= known


def test_a_code_means_one_thing():
    """It is true that no code stands in two tables: the page could lead to one of them alone."""
    everywhere = [code for group in codes.GROUPS.values() for code in group]
    assert sorted(everywhere) == sorted(set(everywhere))


def test_no_code_is_explained_that_nothing_writes():
    known = {code for group in codes.GROUPS.values() for code in group}
    assert known <= set(written_codes()) | {str(code) for code in Code}


def test_the_numbers_in_the_sentences_are_those_of_the_settings(settings):
    mib = 1024**2
    for code, words in {
        "form-too-large": f"{settings.FORM_MEMORY_LIMIT // mib} MiB or more than {settings.FORM_FIELDS_LIMIT:_}",
        "request-too-large": f"at most {settings.UPLOAD_BODY_LIMIT // mib} MiB",
        "bad-expects": f"{settings.EXPECTED_FILES_LIMIT} at most",
        "too-many-announced": f"{settings.UPLOADS_UNDER_WAY_LIMIT} uploads",
        "too-much-evidence": f"{settings.EVIDENCE_DAY_LIMIT // 10**6} MB of logs a day",
    }.items():
        told = next(group[code] for group in codes.GROUPS.values() if code in group)
        assert words.replace("_", " ") in told


@pytest.mark.django_db
def test_the_page_names_each_code():
    page = Client().get("/help/errors/").content.decode()
    assert all(f'id="{code}"' in page for group in codes.GROUPS.values() for code in group)

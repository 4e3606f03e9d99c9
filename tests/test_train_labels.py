"""``?train=LABEL`` on both upload addresses: drafts that one secret opens go together, and nobody else's join them."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from drafts.models import Draft, Group, GroupProject, Token, Train
from tests import wheels
from tests.conftest import do_jobs, make_ci, upload_form
from tests.coupled import press_train, visible
from tests.trusted import minted, trust
from tests.uploading import META, TYPE

pytestmark = [pytest.mark.django_db, pytest.mark.promise]


@pytest.fixture
def both(project, companion):
    """One secret for both projects."""
    ci, twin = make_ci(project), make_ci(companion)
    Token.objects.filter(pk=twin.row.pk).update(token_sha256=ci.row.token_sha256)
    return ci


def stage(ci, name: str = "sampleproject", version: str = "1.0", label: str = "2026.11", **changes):
    path = f"/legacy/?train={label}" if label else "/legacy/"
    form = upload_form(wheels.wheel(name=name, version=version), **changes)
    return Client().post(path, form, headers={"Authorization": ci.basic})


def opened(ci, name: str, label: str = "2026.11"):
    body = json.dumps({"meta": META, "name": name, "version": "1.0"})
    return Client().generic(
        "POST", f"/upload/?train={label}", body, content_type=TYPE, headers={"Authorization": ci.basic}
    )


def trains() -> dict[str, str]:
    """Which train each draft is in."""
    rows = Draft.objects.select_related("train", "project")
    return {str(draft): str(draft.train_id or "none") for draft in rows}


def test_drafts_that_one_secret_opens_with_one_label_go_together(both, mikes):
    """It is true that the two upload APIs share the train, which the answers name, and that one click publishes it."""
    first = stage(both)
    assert first.status_code == 200
    assert "sampleproject 1.0 is in the train 2026.11" in " ".join(first.json()["notices"])
    second = opened(both, "companion")
    assert second.status_code == 201
    assert "companion 1.0 is in the train 2026.11" in " ".join(second.json()["notices"])
    train = Train.objects.get()
    assert set(trains().values()) == {str(train.pk)}
    event = AuditEvent.objects.filter(event="draft:opened").latest("pk")
    assert event.details["train"] == {"id": train.pk, "label": "2026.11"}
    assert stage(both, "companion", label="").status_code == 200
    assert press_train(mikes, train, "mike").status_code == 302
    do_jobs()
    assert visible() == {"sampleproject": 1, "companion": 1}


def test_the_same_label_of_another_secret_is_another_train(project, companion):
    """It is true that a token of one project gets no draft into a train of a secret for others by guessing its label."""
    stage(make_ci(project))
    stage(make_ci(companion), "companion")
    assert len(set(trains().values())) == 2
    assert Train.objects.count() == 2


def test_another_label_is_another_train(both):
    stage(both)
    stage(both, "companion", label="2026.12")
    assert sorted(Train.objects.values_list("label", flat=True)) == ["2026.11", "2026.12"]


def test_jobs_of_one_repository_share_a_train(project, companion, alice, provider):
    """It is true that the secrets of a run's jobs differ, and that their drafts go together all the same."""
    for one in (project, companion):
        trust(one, alice, provider.issuer)
    stage(minted(provider))
    stage(minted(provider), "companion")
    assert len(set(trains().values())) == 1


def test_a_label_moves_no_draft_that_was_there(both):
    """It is true that a draft joins when it is opened: what a person took out of a train stays out."""
    stage(both, label="")
    answer = stage(both, version="1.0", label="2026.11", content=None)
    assert answer.status_code == 400
    again = wheels.wheel(build="1")
    answer = Client().post(
        "/legacy/?train=2026.11", upload_form(again), headers={"Authorization": both.basic}
    )
    assert "did not join the train 2026.11" in " ".join(answer.json()["notices"])
    assert trains() == {"sampleproject 1.0": "none"}
    assert not Train.objects.exists()


def test_a_train_that_is_published_takes_no_more_drafts(both, mikes):
    stage(both)
    assert press_train(mikes, Train.objects.get(), "mike").status_code == 302
    answer = stage(both, "companion")
    assert answer.status_code == 200
    assert "did not join" in " ".join(answer.json()["notices"])
    do_jobs()
    assert visible() == {"sampleproject": 1, "companion": 0}
    stage(both, "companion", version="2.0")
    assert Train.objects.count() == 2


def test_a_refused_upload_makes_no_train(both):
    assert stage(both, sha256_digest="0" * 64).status_code == 400
    assert not Train.objects.exists()


@pytest.mark.parametrize("label", ["x" * 101, "a%00b", "a%E2%80%AEb"])
@pytest.mark.parametrize("door", [stage, lambda ci, label: opened(ci, "sampleproject", label)])
def test_a_label_that_does_not_show_is_refused(both, label, door):
    answer = door(both, label=label)
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad-train"
    assert not Draft.objects.exists()


def test_the_page_names_who_made_the_train(both, mikes):
    stage(both)
    page = mikes.get(reverse("train", args=[Train.objects.get().pk])).content.decode()
    assert "release.yml" in page


@pytest.fixture
def grouped(project, companion):
    """Both projects in one group, each with a token of its own."""
    group = Group.objects.create(name="suite")
    GroupProject.objects.create(group=group, project=project)
    GroupProject.objects.create(group=group, project=companion)
    return make_ci(project), make_ci(companion)


def test_a_groups_drafts_go_together_by_label_whoever_stages_them(grouped):
    ci, twin = grouped
    assert stage(ci).status_code == stage(twin, "companion").status_code == 200
    assert Train.objects.get().drafts.count() == 2


def test_a_groups_drafts_go_together_by_commit(grouped, project, companion, alice, provider):
    """It is true that jobs of one repository at one commit need no label, and that another commit is another train."""
    for one in (project, companion):
        trust(one, alice, provider.issuer)
    stage(minted(provider, sha="a" * 40), label="")
    stage(minted(provider, sha="a" * 40), "companion", label="")
    stage(minted(provider, sha="b" * 40), version="2.0", label="")
    assert {train.label: train.drafts.count() for train in Train.objects.all()} == {
        f"suite at {'a' * 12}": 2,
        f"suite at {'b' * 12}": 1,
    }


def test_a_groups_drafts_without_label_or_commit_stay_alone(grouped):
    assert stage(grouped[0], label="").status_code == 200
    assert not Train.objects.exists()


@pytest.mark.parametrize("label", ["2026.11", ""])
def test_a_project_outside_the_group_joins_nothing_of_it(grouped, companion, label):
    GroupProject.objects.filter(project=companion).delete()
    ci, twin = grouped
    assert stage(ci).status_code == stage(twin, "companion", label=label).status_code == 200
    assert {train.drafts.count() for train in Train.objects.all()} == {1}

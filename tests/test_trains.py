"""Trains: several drafts reviewed as one and published in one act, all or none of them."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.audit import Actor
from accounts.models import AuditEvent, TotpCounter
from drafts.access.members import NotYours
from drafts.intake import stage
from drafts.models import (
    BurntName,
    Changed,
    Draft,
    DraftState,
    Job,
    Kind,
    Membership,
    NotEditable,
    Role,
    Train,
)
from drafts.publishing import policy, promotion
from drafts.publishing import publish as alone
from drafts.publishing.train import acts
from drafts.publishing.train import publish as act
from tests import wheels
from tests.conftest import do_jobs, draft_url, totp_code
from tests.coupled import (
    couple,
    fingerprint,
    nothing_public,
    open_draft,
    press_train,
    publish_train,
    receipt_of,
    visible,
)
from tests.pressing import mismatch, press
from tests.proofs import proof_of

pytestmark = [pytest.mark.django_db, pytest.mark.state]


def url(train: Train, page: str = "train", *more) -> str:
    return reverse(page, args=[train.pk, *more])


def test_one_click_publishes_every_draft(train, mikes, mike):
    """It is true that the refusals below fail for their one reason: the click makes all of them public."""
    page = mikes.get(url(train)).content.decode()
    assert "Ready to publish: nothing stands against 2 of 2 drafts." in page
    assert "Publish 2 drafts at once" in mikes.get(url(train, "train-publish")).content.decode()
    publish_train(mikes, train, "mike")
    assert train.state == "published"
    assert visible() == {"sampleproject": 2, "companion": 2}
    assert set(Draft.objects.values_list("state", "ended_by")) == {("published", "mike")}
    assert not BurntName.objects.filter(permanent=False).exists()
    assert "Published: 2 drafts at once" in mikes.get(url(train)).content.decode()
    for draft in train.drafts.all():
        started, published = AuditEvent.objects.filter(
            event__startswith="draft:publish", on_id=str(draft.pk)
        ).order_by("pk")
        assert started.details["train"]["fingerprint"] == train.publishing_fingerprint
        assert (published.actor_label, published.digest) == ("mike", draft.fingerprint())
        named = {"id": train.pk, "label": train.label, "fingerprint": train.publishing_fingerprint}
        assert published.details["train"] == receipt_of(draft)["train"] == named
        assert f"in the train {train.label}" in mikes.get(draft_url(draft)).content.decode()
        assert draft.receipt


def test_two_versions_of_one_project_go_together(draft, project, mike, mikes):
    """It is true that the project's page counts both, and shows both."""
    train = couple(mike, draft, open_draft(project, "sampleproject", "2.0"))
    publish_train(mikes, train, "mike")
    assert visible()["sampleproject"] == 4
    assert project.releases.count() == 2
    project.refresh_from_db()
    assert project.page.serial == project.serial == 2


def test_a_draft_in_a_train_is_not_published_alone(train, draft, mike, mikes):
    """It is true that its own button refuses it and says so, and that taken out it goes."""
    assert policy.blockers(Draft.objects.get(pk=draft.pk))[0].code == "in-train"
    response = press(mikes, draft, code=totp_code("mike"))
    assert response.status_code == 409
    assert "In a train" in response.content.decode()
    assert nothing_public()
    page = mikes.get(draft_url(draft)).content.decode()
    assert url(train) in page
    assert mikes.post(url(train, "train-leave", draft.pk)).status_code == 302
    assert press(mikes, draft, code=totp_code("mike")).status_code == 302
    do_jobs()
    assert visible() == {"sampleproject": 2, "companion": 0}


BLOCKS = {
    "evidence against one": lambda one, rita, ci: mismatch(one, rita),
    "one that was canceled": lambda one, rita, ci: stage.cancel(draft=one, by=Actor.system("tests")),
    "one that expired": lambda one, rita, ci: (
        Draft.objects.filter(pk=one.pk).update(expires_at=one.opened_at),
        stage.expire(draft=one),
    ),
    "one without files": lambda one, rita, ci: [file.cancel() for file in one.files.all()],
    "one with a file on its way": lambda one, rita, ci: one.files.update(state="processing"),
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
def test_what_blocks_one_blocks_all_and_the_train_says_so(train, draft, mikes, mike, rita, ci, block):
    """It is true that the page names the draft, that no code is spent and that nothing of any is published."""
    block(draft, rita, ci)
    page = mikes.get(url(train)).content.decode()
    assert "1 of 2 drafts cannot be published now" in page
    last = TotpCounter.objects.get(user=mike).last_counter
    response = press_train(mikes, train, "mike")
    assert response.status_code == 409
    assert str(draft) in response.content.decode()
    assert TotpCounter.objects.get(user=mike).last_counter == last
    assert nothing_public()
    assert not Job.objects.filter(kind=Kind.TRAIN).exists()
    with pytest.raises(act.Blocked):
        act.start(
            train=train,
            by=Actor.person(mike),
            proof=proof_of(mike, act.purpose(train, fingerprint(train))),
            fingerprint=fingerprint(train),
        )
    assert mikes.post(url(train, "train-leave", draft.pk)).status_code == 302
    publish_train(mikes, train, "mike")
    assert visible() == {"sampleproject": 0, "companion": 2}


CHANGES = {
    "a file was replaced": lambda train, ci, mike, project: ci.upload(wheels.wheel(salt="late")),
    "a file came": lambda train, ci, mike, project: ci.upload(wheels.wheel(build="7")),
    "a draft left": lambda train, ci, mike, project: acts.leave(
        train=train, draft=train.drafts.first(), by=Actor.person(mike), user=mike
    ),
    "a draft came": lambda train, ci, mike, project: acts.join(
        train=train,
        draft=open_draft(project, "sampleproject", "3.0"),
        by=Actor.person(mike),
        user=mike,
    ),
}


@pytest.mark.promise
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_changed_after_the_page_was_shown_is_not_published(train, mikes, mike, ci, project, change):
    """It is true that the one fingerprint covers every file of every draft, and which drafts they are."""
    seen = fingerprint(train)
    change(train, ci, mike, project)
    last = TotpCounter.objects.get(user=mike).last_counter
    response = press_train(mikes, train, "mike", fingerprint=seen)
    assert response.status_code == 409
    assert "changed after the page was shown" in response.content.decode()
    assert TotpCounter.objects.get(user=mike).last_counter == last
    with pytest.raises(Changed):
        act.start(
            train=train,
            by=Actor.person(mike),
            proof=proof_of(mike, act.purpose(train, seen)),
            fingerprint=seen,
        )
    assert nothing_public()


@pytest.mark.promise
def test_a_proof_for_one_draft_or_train_is_no_proof_for_another(train, draft, mike):
    """It is true that the second factor is bound to the train and to the fingerprint over all its drafts."""
    seen = fingerprint(train)
    purposes = [
        alone.purpose(draft, draft.fingerprint()),
        act.purpose(train, draft.fingerprint()),
        act.purpose(Train(pk=train.pk + 1, label="x"), seen),
    ]
    for purpose in purposes:
        with pytest.raises(Exception, match="a proof for"):
            act.start(train=train, by=Actor.person(mike), proof=proof_of(mike, purpose), fingerprint=seen)
    assert nothing_public()


def test_the_right_is_needed_on_each_project(train, companion, mikes, mike):
    """It is true that a maintainer of one project and reviewer of another publishes neither by the train."""
    Membership.objects.filter(project=companion, user=mike).update(role=Role.REVIEWER)
    assert "A maintainer of every project publishes" in mikes.get(url(train)).content.decode()
    assert mikes.get(url(train, "train-publish")).status_code == 403
    assert press_train(mikes, train, "mike").status_code == 403
    with pytest.raises(NotYours):
        act.start(
            train=train,
            by=Actor.person(mike),
            proof=proof_of(mike, act.purpose(train, fingerprint(train))),
            fingerprint=fingerprint(train),
        )
    assert nothing_public()


def test_drafts_of_strange_projects_are_counted_and_not_named(train, companion, mikes, mike):
    """It is true that who is a member of one project learns that there is another draft, and nothing else of it."""
    Membership.objects.filter(project=companion, user=mike).delete()
    page = mikes.get(url(train)).content.decode()
    assert "sampleproject" in page
    assert "companion" not in page
    assert "1 of its drafts is of a project that you are not a member of" in page
    assert mikes.post(url(train, "train-link-make"), {"label": "x"}).status_code == 403
    other = train.drafts.get(project=companion)
    assert mikes.post(url(train, "train-leave", other.pk)).status_code == 404
    refusal = mikes.get(url(train, "train-publish"))
    assert refusal.status_code == 403
    assert "companion" not in refusal.content.decode()


def test_a_draft_is_in_one_train_at_most(train, draft, mike):
    with pytest.raises(NotEditable, match="in a train already"):
        couple(mike, draft, label="another")
    assert Train.objects.get() == train


def test_the_last_draft_that_leaves_dissolves_the_train(train, mikes):
    for draft in train.drafts.all():
        mikes.post(url(train, "train-leave", draft.pk))
    train.refresh_from_db()
    assert train.state == "dissolved"
    assert not Draft.objects.exclude(train=None).exists()
    with pytest.raises(NotEditable):
        train.must_be_editable()


def test_nothing_comes_or_goes_while_a_train_is_published(train, draft, project, mike, mikes, ci):
    assert press_train(mikes, train, "mike").status_code == 302
    late = open_draft(project, "sampleproject", "3.0")
    person = {"by": Actor.person(mike), "user": mike}
    with pytest.raises(NotEditable):
        acts.leave(train=train, draft=draft, **person)
    with pytest.raises(NotEditable):
        acts.join(train=train, draft=late, **person)
    with pytest.raises(NotEditable):
        stage.cancel(draft=draft, by=Actor.system("tests"))
    assert ci.upload(wheels.wheel(salt="late")).status_code == 409
    do_jobs()
    assert visible() == {"sampleproject": 2, "companion": 2}


def test_bytes_that_changed_hand_every_draft_back(train, mikes, monkeypatch, mailoutbox):
    """It is true that one wrong byte in one draft publishes none, and each draft says why, by mail, too."""
    victim = train.drafts.get(project__name="companion").files.get(filetype="sdist")
    right = promotion._chunks

    def chunks(file, kept):
        yield from ((b"other bytes",) if file.filename == victim.filename else right(file, kept))

    monkeypatch.setattr(promotion, "_chunks", chunks)
    publish_train(mikes, train, "mike")
    assert nothing_public()
    assert train.state == "error"
    for draft in train.drafts.all():
        assert draft.state == DraftState.ERROR
        assert victim.filename in draft.error
    assert not BurntName.objects.exists()
    do_jobs()
    told = {one.subject for one in mailoutbox if victim.filename in one.body}
    words = "the stored bytes are not those that were reviewed"
    assert told == {f"[Presscheck] {draft}: {words}" for draft in train.drafts.all()}
    assert victim.filename in mikes.get(url(train)).content.decode()
    monkeypatch.undo()
    publish_train(mikes, train, "mike")
    assert visible() == {"sampleproject": 2, "companion": 2}


def test_every_act_leaves_one_event_for_each_draft_concerned(train, draft, mikes, mike):
    def events(name: str) -> list[str]:
        return sorted(AuditEvent.objects.filter(event=name).values_list("on_label", flat=True))

    both = ["companion 2.0", "sampleproject 1.0"]
    assert events("train:made") == both
    mikes.post(url(train, "train-link-make"), {"label": "Alice"})
    assert events("train:link-made") == both
    mikes.post(url(train, "train-link-revoke", train.links.get().pk))
    assert events("train:link-revoked") == both
    mikes.post(url(train, "train-leave", draft.pk))
    assert events("train:left") == ["sampleproject 1.0"]
    mikes.post(url(train, "train-join"), {"draft": draft.pk})
    assert events("train:joined") == ["sampleproject 1.0"]
    timeline = mikes.get(draft_url(draft)).content.decode()
    assert "put the draft on a train" in timeline


def test_a_signed_out_person_sees_no_train(train):
    assert Client().get(url(train)).status_code == 302

"""Making a train: what it takes, and whose drafts it takes."""

import pytest
from django.urls import reverse

from accounts.audit import Actor
from drafts.access.members import NotYours
from drafts.access.projects import create
from drafts.models import (
    Train,
)
from tests.coupled import (
    couple,
    open_draft,
)
from tests.pressing import browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.state]


def url(train: Train, page: str = "train", *more) -> str:
    return reverse(page, args=[train.pk, *more])


REFUSED = {
    "no name": ({"label": " "}, "it has no name"),
    "a name that does not show": ({"label": "a\u202eb"}, "do not show"),
    "no draft": ({"draft": []}, "no draft was chosen"),
}


@pytest.mark.parametrize(("form", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_train_that_cannot_be_made(draft, mikes, form, words):
    response = mikes.post(reverse("train-make"), {"label": "2026.11", "draft": [draft.pk], **form})
    assert response.status_code == 400
    assert words in response.content.decode()
    assert not Train.objects.exists()


def test_a_train_takes_drafts_that_its_maker_maintains(draft, mike, mikes, charlie):
    """It is true that strangers' drafts are neither offered nor taken."""
    project = create(name="strange", by=Actor.system("tests"), owner=charlie.email)
    strange = open_draft(project, "strange")
    assert "strange" not in mikes.get(reverse("train-make")).content.decode()
    mikes.post(reverse("train-make"), {"label": "2026.11", "draft": [draft.pk, strange.pk]})
    assert list(Train.objects.get().drafts.all()) == [draft]
    with pytest.raises(NotYours):
        couple(mike, strange)
    assert browser_of(charlie).get(url(Train.objects.get())).status_code == 404
    train = Train.objects.get()
    assert mikes.post(url(train, "train-join"), {"draft": strange.pk}).status_code == 404

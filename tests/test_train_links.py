"""A train's link: one token that reads all its drafts, as each will look once published, and nothing else."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from drafts.access import links
from drafts.access.projects import create
from drafts.index.drafts import PRIVATE
from drafts.intake import stage
from drafts.models import Draft, NotEditable, Train, TrainLink
from drafts.publishing.train import acts
from tests import wheels
from tests.clients import module_of
from tests.conftest import make_ci
from tests.coupled import open_draft, publish_train
from tests.opened import arrived, drained

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
SYSTEM = Actor.system("tests")


@pytest.fixture
def link(train, mike) -> TrainLink:
    """A link to the train, for a tester."""
    return acts.make_link(train=train, label="Alice's laptop", by=Actor.person(mike), user=mike)


def get(link: TrainLink, path: str, **headers: str):
    return Client().get(f"/draft/{links.token(link)}/{path}", headers=headers)


def names(link: TrainLink) -> list[str]:
    return [one["name"] for one in json.loads(get(link, "simple/", **JSON).content)["projects"]]


def addresses(link: TrainLink) -> list[str]:
    """Every address under the token, for people and for installers."""
    pages = [f"{base}simple/{name}/" for base in ("", "only/") for name in ("sampleproject", "companion")]
    files = [
        f"files/{file.handle}/{file.filename}{suffix}"
        for draft in link.train.drafts.all()
        for file in draft.files.live()
        for suffix in ("", ".metadata")
    ]
    return ["", "simple/", "only/simple/", "requirements.txt", *pages, *files]


def statuses(link: TrainLink) -> set[int]:
    return {arrived(get(link, path)) for path in addresses(link)}


def test_one_link_opens_every_draft(link):
    """It is true that the refusals below fail for their one reason; nothing of an answer may be cached."""
    assert statuses(link) == {200}
    assert names(link) == ["companion", "sampleproject"]
    for path in addresses(link):
        response = drained(get(link, path))
        assert {name: response.get(name) for name in PRIVATE} == PRIVATE
    assert TrainLink.objects.get(pk=link.pk).uses > 0


def test_every_other_name_is_404(link, alice):
    """It is true that a name that is here but not in the train is answered as one that is nowhere."""
    open_draft(create(name="secret", by=SYSTEM, owner=alice.email), "secret")
    here, nowhere = get(link, "simple/secret/"), get(link, "simple/nowhere/")
    assert (here.status_code, here.content) == (404, nowhere.content)
    assert "secret" not in get(link, "simple/").content.decode()
    file = Draft.objects.get(project__name="secret").files.first()
    assert get(link, f"files/{file.handle}/{file.filename}").status_code == 404


def test_requirements_pin_the_files_of_every_draft(link, train):
    text = get(link, "requirements.txt").content.decode()
    assert re.findall(r"^\S+==\S+", text, re.MULTILINE) == ["companion==2.0", "sampleproject==1.0"]
    for draft in train.drafts.all():
        assert all(f"sha256:{file.sha256}" in text for file in draft.files.live())


ENDS = {
    "revoked": lambda link, mike: acts.revoke_link(link=link, by=Actor.person(mike), user=mike),
    "expired": lambda link, mike: TrainLink.objects.update(expires_at=timezone.now()),
    "every draft canceled": lambda link, mike: [
        stage.cancel(draft=draft, by=SYSTEM) for draft in link.train.drafts.all()
    ],
    "every draft expired": lambda link, mike: Draft.objects.update(expires_at=timezone.now()),
    "dissolved": lambda link, mike: [
        acts.leave(train=link.train, draft=draft, by=Actor.person(mike), user=mike)
        for draft in link.train.drafts.all()
    ],
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_a_link_that_ended_is_404_everywhere(link, mike, end):
    paths = addresses(link)
    end(link, mike)
    assert {get(link, path).status_code for path in paths} == {404}
    wrong = links.token(link)[:-1] + ("a" if links.token(link)[-1] != "a" else "b")
    assert Client().get(f"/draft/{wrong}/simple/").content == get(link, "simple/").content


def test_a_draft_that_left_or_was_canceled_is_closed_and_the_others_stay_open(link, train, draft, mike):
    """It is true that the link shows what is in the train now."""
    file = draft.files.first()
    acts.leave(train=train, draft=draft, by=Actor.person(mike), user=mike)
    assert names(link) == ["companion"]
    assert get(link, "simple/sampleproject/").status_code == 404
    assert get(link, f"files/{file.handle}/{file.filename}").status_code == 404
    acts.join(train=train, draft=draft, by=Actor.person(mike), user=mike)
    assert names(link) == ["companion", "sampleproject"]
    stage.cancel(draft=draft, by=SYSTEM)
    assert names(link) == ["companion"]


def test_after_publishing_the_link_points_to_what_is_public(link, train, mikes):
    publish_train(mikes, train, "mike")
    for name in ("sampleproject", "companion"):
        assert get(link, f"simple/{name}/")["Location"] == f"/simple/{name}/"
    assert get(link, "simple/nowhere/").status_code == 404
    assert get(link, "")["Location"] == "/simple/"
    Train.objects.update(ended_at=timezone.now() - timedelta(days=31))
    assert {get(link, path).status_code for path in addresses(link)} == {404}


def test_no_link_is_made_to_a_train_that_ended(train, mikes, mike):
    publish_train(mikes, train, "mike")
    with pytest.raises(NotEditable):
        acts.make_link(train=train, label="x", by=Actor.person(mike), user=mike)


def test_a_draft_link_opens_its_draft_alone(train, draft):
    """It is true that being in a train widens no link that was made before."""
    token = links.token(links.make(draft=draft, by=SYSTEM))
    assert Client().get(f"/draft/{token}/simple/sampleproject/").status_code == 200
    assert Client().get(f"/draft/{token}/simple/companion/").status_code == 404


@pytest.mark.clients
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_one_extra_index_url_installs_every_draft(live, clients, project, companion, mike, tmp_path, tool):
    """It is true that the real pip and uv install all drafts of a train, one of which needs the other."""
    staged = [
        wheels.wheel(requires_dist=("companion>=2",)),
        wheels.wheel(name="companion", version="2.0"),
    ]
    for built, where in zip(staged, (project, companion), strict=True):
        assert make_ci(where).upload(built).status_code == 200
    person = {"by": Actor.person(mike), "user": mike}
    train = acts.make(label="2026.11", drafts=list(Draft.objects.all()), **person)
    link = acts.make_link(train=train, label="a tester", **person)
    url = f"{links.url(link)}simple/"
    said = clients.install(tool, "--extra-index-url", url, "sampleproject==1.0", target=tmp_path / "target")
    assert said.code == 0, said.text
    for built in staged:
        name = built.filename.split("-")[0]
        assert (tmp_path / "target" / name / "__init__.py").read_bytes() == module_of(built, name)

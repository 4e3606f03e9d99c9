"""``?train=LABEL`` on an upload address: drafts that one secret opens with one label go together."""

from django.http import HttpRequest

from drafts.intake.problems import Problem
from drafts.models import Draft
from drafts.models.trains import LONGEST_LABEL


def label(request: HttpRequest) -> str:
    """Return the train's name that an upload's address says; empty where it says none. Raises Problem (400)."""
    said = " ".join(request.GET.get("train", "").split())
    if len(said) > LONGEST_LABEL or not said.isprintable():
        message = (
            f"The train's name is longer than {LONGEST_LABEL} characters, or holds some that do not show."
        )
        raise Problem.one(400, "Which train?", "bad-train", message, source="train")
    return said


def notice(draft: Draft, said: str) -> list[str]:
    """Say whether a draft is in the train that the address named."""
    if not said:
        return []
    if draft.train is not None and draft.train.label == said:
        return [f"{draft} is in the train {said}: its drafts are published together."]
    why = "a draft joins when it is opened, and while the train is not being published"
    return [
        f"{draft} did not join the train {said}: {why}. A maintainer can put it there on the draft's page."
    ]

"""Promises 5 and 8: what an upload token cannot do, and what a draft link opens."""

import json
from collections.abc import Iterator

from bench.faults.cast import basic
from bench.faults.promises.state import JSON, State
from drafts.access import links
from drafts.models import Draft, DraftLink, DraftState, File, Token, TrainLink, TrainState

_NEWEST = 20


def a_token_only_stages(state: State) -> Iterator[str]:
    """Promise 5: CI's token opens no page, publishes nothing, sees no other project, and ends with its revocation."""
    for project, token in state.tokens.items():
        authorization = basic("__token__", token)
        own = Draft.objects.filter(project__name=project).last()
        other = Draft.objects.exclude(project__name=project).last()
        if own is not None:
            yield from _opens(state, f"/projects/{project}/drafts/{own.version}/", authorization, {403})
            yield from _opens(state, f"/upload/{own.handle}/", authorization, {200})
        if other is not None:
            yield from _opens(state, f"/upload/{other.handle}/", authorization, {404})
    for token in sorted(state.ledger.revoked)[-_NEWEST:]:
        yield from _opens(state, f"/upload/{'0' * 32}/", basic("__token__", token), {401})
    for file in File.objects.exclude(staged_by_token=None).select_related("staged_by_token", "draft"):
        yield from _overstepped(file, file.staged_by_token)


def _opens(state: State, path: str, authorization: str, right: set[int]) -> Iterator[str]:
    for answer in state.everywhere(path, Authorization=authorization):
        if answer.status not in right:
            yield f"{path.partition('/')[2][:40]} answers an upload token with {answer.status}"


def _overstepped(file: File, token: Token) -> Iterator[str]:
    if token.project_id != file.draft.project_id:
        yield f"{file.filename} was staged by a token of another project"
    if token.revoked_at and file.staged_at > token.revoked_at:
        yield f"{file.filename} was staged by a token after its revocation"
    before = file.replaces.exclude(staged_by_token=token)
    if before.exists():
        yield f"{file.filename}: a token replaced what others staged"


def a_link_opens_its_draft_alone(state: State) -> Iterator[str]:
    """Promise 8: a link opens a live draft read-only, points to what was published, and is dead in every other case."""
    for link in DraftLink.objects.select_related("draft__project").order_by("-pk")[:_NEWEST]:
        yield from _wrong_link(state, link)
    for link in TrainLink.objects.select_related("train").order_by("-pk")[:_NEWEST]:
        yield from _wrong_train_link(state, link)


def _wrong_train_link(state: State, link: TrainLink) -> Iterator[str]:
    """Ask for what a train's link opens: what is in the train now, and nothing once it is revoked."""
    train, base = link.train, f"/draft/{links.token(link)}"
    inside = list(train.drafts.select_related("project"))
    is_public = train.state == TrainState.PUBLISHED
    opened = {draft.project.name: draft for draft in inside if is_public or draft.is_live}
    right = 404 if link.revoked_at is not None or not opened else 302 if is_public else 200
    for answer in state.everywhere(f"{base}/simple/", Accept=JSON):
        if answer.status != right:
            yield f"a link to the {train}, which is {train.state}, answers {answer.status}, not {right}"
        elif right == 200 and {row["name"] for row in json.loads(answer.body)["projects"]} != set(opened):
            yield f"a link to the {train} lists other projects than are in it"
    if right != 200:
        return
    for name, draft in opened.items():
        for answer in state.everywhere(f"{base}/only/simple/{name}/", Accept=JSON):
            yield from _wrong_content(draft, answer.text)


def _right(link: DraftLink) -> int:
    if link.revoked_at is not None or link.draft.state == DraftState.CANCELED:
        return 404
    return 302 if link.draft.state == DraftState.PUBLISHED else 200


def _wrong_link(state: State, link: DraftLink) -> Iterator[str]:
    name, base = link.draft.project.name, f"/draft/{links.token(link)}"
    for answer in state.everywhere(f"{base}/only/simple/{name}/", Accept=JSON):
        if answer.status != _right(link):
            yield f"a link to {link.draft}, which is {link.draft.state}, answers {answer.status}, not {_right(link)}"
        elif answer.status == 200:
            yield from _wrong_content(link.draft, answer.text)
    for answer in state.everywhere(f"{base}/simple/a-project-that-nobody-made/"):
        if answer.status != 404:
            yield f"a link to {link.draft} opens a project that is not its own"


def _wrong_content(draft: Draft, page: str) -> Iterator[str]:
    for file in draft.files.completed():
        if file.sha256 not in page:
            yield f"a link to {draft} does not show {file.filename}"
    others = File.objects.exclude(draft__project=draft.project).filter(release=None).order_by("-pk")[:_NEWEST]
    mine = set(draft.files.completed().values_list("sha256", flat=True))
    for file in others:
        if file.sha256 not in mine and file.sha256 in page:
            yield f"a link to {draft} shows {file.filename} of {file.draft}"

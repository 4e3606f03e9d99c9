"""What a file meets on its way into a draft, asked in one question: most meet nothing, and no rule need ask again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, Q, QuerySet
from django.utils import timezone

from accounts.compiled import Compiled
from drafts.dist import FileName
from drafts.models.drafts import LIVE
from drafts.models.evidence import EvidenceLog
from drafts.models.files import BurntName, File
from drafts.models.projects import Project
from drafts.models.releases import Release
from drafts.models.tokens import Token
from drafts.models.uploads import UploadSession


@dataclass(frozen=True, slots=True)
class Ahead:
    """Whether there are rows that a rule has to look at; where it says no, there is nothing to look at.

    ``burnt`` and ``released``: of what is published. ``arriving``, ``there`` and ``logs``: of the live draft.
    ``is_valid``: the token that stages is neither revoked nor expired.
    """

    burnt: bool
    released: bool
    arriving: bool
    there: bool
    logs: bool
    is_valid: bool


def _rows(
    project: int, version_key: str, filename: str, identity: str, token: int, now: datetime
) -> "QuerySet[Project, Any]":
    same = Q(filename=filename) | Q(identity=identity)
    release = Q(project=project, version_key=version_key)
    draft = Q(draft__project=project, draft__version_key=version_key, draft__state__in=LIVE)
    looked_for = [
        BurntName.objects.filter(Q(filename=filename) | (release & Q(identity=identity))),
        Release.objects.filter(release),
        UploadSession.objects.in_the_way().filter(draft & same),
        File.objects.live().filter(draft & same),
        EvidenceLog.objects.filter(draft, attests=True, purged_at=None),
        Token.objects.filter(pk=token, draft=None, revoked_at=None, expires_at__gt=now),
    ]
    return Project.objects.filter(pk=project).values_list(*map(Exists, looked_for))


_QUESTION = Compiled(_rows)


def of(*, project: Project, version_key: str, name: FileName, token: Token | None) -> Ahead:
    """Return what a file of this name meets, for an act that holds the project's lock."""
    ((*found,),) = _QUESTION.rows(
        project=project.pk,
        version_key=version_key,
        filename=name.filename,
        identity=name.identity,
        token=token.pk if token else 0,
        now=timezone.now(),
    )
    return Ahead(*map(bool, found))

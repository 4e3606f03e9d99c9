"""How many bytes a project may still stage, and what makes way when there are too few."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.db.models import Max, Q, Sum

from drafts.intake import superseded
from drafts.models import File, Project, Token, UploadSession
from drafts.models.drafts import LIVE


def kept_bytes(project: Project) -> int:
    """Return how many bytes the server keeps for a project: published, staged and superseded."""
    rows = File.objects.filter(draft__project=project).with_bytes()
    return rows.aggregate(total=Sum("size"))["total"] or 0


@dataclass(frozen=True, slots=True)
class Left:
    """How many bytes of a quota are ``free``, and how many superseded uploads hold, which make way.

    Most files fit without, so what is superseded is asked for when it counts.
    """

    free: int
    superseded: Callable[[], int]

    @property
    def room(self) -> int:
        """Return how many bytes one file may have now."""
        most = settings.FILE_SIZE_LIMIT
        return most if self.free >= most else max(0, min(most, self.free + self.superseded()))

    def lacking(self, size: int) -> int:
        """Return how many bytes superseded uploads must make way for a file of this size."""
        return max(0, size - self.free)


def left(project: Project, token: Token | None, *, completing: UploadSession | None = None) -> Left:
    """Return how much of the quota is left; a fifth of it is for maintainers only.

    What was announced counts as if it were there, but for the upload that is being completed.
    """
    quota = project.quota_bytes if token is None else project.quota_bytes * 4 // 5
    free = quota - UploadSession.objects.taken_bytes(project, but=completing)
    return Left(free, partial(superseded.kept_bytes, project, token))


def room(project: Project, token: Token | None) -> int:
    """Return how many bytes one file may have now."""
    return left(project, token).room


def size_again(project: Project, filename: str, sha256: str) -> int:
    """Return the size of the file of this name (and SHA-256, where it is known) that is staged or published; else 0.

    Such a file may be sent again to a project without room: equal bytes change nothing, and others are refused at the end.
    """
    there = File.objects.live().filter(draft__project=project, filename=filename)
    there = there.filter(Q(release__isnull=False) | Q(draft__state__in=LIVE))
    if sha256:
        there = there.filter(sha256=sha256)
    return there.aggregate(largest=Max("size"))["largest"] or 0

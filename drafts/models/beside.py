"""Which tables hold rows about a draft: said with the draft itself, so that a page need not ask the empty ones."""

from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q

from drafts.models.builders import Builder
from drafts.models.decisions import Decision
from drafts.models.evidence import Attested, EvidenceLog
from drafts.models.files import BurntName, File
from drafts.models.inspections import Remembered
from drafts.models.releases import Release
from drafts.models.tokens import DraftLink
from drafts.models.uploads import UploadSession

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from django.db.models import QuerySet

    from drafts.models.drafts import Draft, DraftQuerySet

_OWN = OuterRef("pk")


def _rows() -> "dict[str, QuerySet[Any]]":
    """Return what is looked for, by the name that ``has`` asks for."""
    names = File.objects.live().filter(draft=OuterRef(OuterRef("pk"))).values("filename")
    release = Q(project=OuterRef("project"), version_key=OuterRef("version_key"))
    accepted = Q(draft=_OWN) | Q(project=OuterRef("project"), draft=None)
    return {
        "arriving": UploadSession.objects.in_the_way().filter(draft=_OWN),
        "attested": Attested.objects.filter(file__draft=_OWN),
        "builders": Builder.objects.invited().filter(draft=_OWN),
        "decisions": Decision.objects.standing().filter(draft=_OWN),
        "held": Release.objects.filter(release, quarantined_at__isnull=False),
        "links": DraftLink.objects.filter(draft=_OWN),
        "logs": EvidenceLog.objects.filter(draft=_OWN),
        "remembered": Remembered.objects.filter(accepted, revoked_at=None),
        "taken": BurntName.objects.filter(
            release | Q(filename__in=names, space=OuterRef("project__space"))
        ).exclude(draft=_OWN),
    }


def said(drafts: "DraftQuerySet") -> "DraftQuerySet":
    """Have these drafts say what stands beside them when they are read; their project and its CI come along."""
    looked_for = {f"beside_{name}": Exists(rows) for name, rows in _rows().items()}
    return drafts.select_related("project__ci_source", "resolution", "attestation_search").annotate(
        **looked_for
    )


def those_with(what: str, drafts: "Iterable[Draft]") -> "list[Draft]":
    """Return the drafts about which there are such rows; one that does not say may have some."""
    return [draft for draft in drafts if getattr(draft, f"beside_{what}", True)]

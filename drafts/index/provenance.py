"""Where the provenance objects of published files are (PEP 740), for the pages that name them."""

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse

from drafts.models import File, ProvenanceObject


def address(file: File) -> str:
    """Return the whole address of a published file's provenance object, which PEP 740 wants to be absolute."""
    release = file.release
    assert release is not None
    where = reverse("provenance", args=[release.project.name, release.version, file.filename])
    return f"{settings.PRESSCHECK_URL}{where}"


def addresses(files: Iterable[File]) -> dict[int, str]:
    """Return where the provenance objects of published files are, by the file's id: of those that have one."""
    came = {file.pk: file for file in files if file.attestations_sha256 and file.release_id}
    if not came:
        return {}
    kept = ProvenanceObject.objects.filter(file__in=came).values_list("file_id", flat=True)
    return {pk: address(came[pk]) for pk in kept}

"""What readers of the index get of a published file's attestations: those whose signer the project registered (PEP 740)."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from drafts.evidence.attested.identity import ISSUERS
from drafts.evidence.attested.signer import Signer
from drafts.evidence.attested.standing import doubts
from drafts.models import Attested, File, ProvenanceObject

_GITHUB, _GITLAB = (known.issuer for known in ISSUERS.values())


def keep(files: Iterable[File]) -> None:
    """Write the provenance objects of files that are made public, as part of the act that does; once for each file.

    A registration that changes later changes nothing of it: it says what was so when the file was published.
    """
    came = [file.pk for file in files if file.attestations_sha256]
    if not came:  # of most files
        return
    rows = Attested.objects.filter(file__in=came, came_with_file=True, signer__isnull=False)
    bundles: defaultdict[int, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in rows.select_related("file__attestations", "file__draft__project__ci_source").order_by(
        "number"
    ):
        publisher = _publisher(Signer.of(row.signer or {}))
        if publisher and not doubts(row):
            bundle = bundles[row.file_id].setdefault(
                json.dumps(publisher), {"publisher": publisher, "attestations": []}
            )
            bundle["attestations"].append(row.file.attestations.statements[row.number - 1])
    ProvenanceObject.objects.bulk_create(
        [ProvenanceObject(file_id=pk, body=_object(list(some.values()))) for pk, some in bundles.items()],
        ignore_conflicts=True,
    )


def _publisher(signer: Signer) -> dict[str, str | None] | None:
    """Name who signed as consumers of PEP 740 do; None for an issuer of which they know no name."""
    repository = signer.repository.partition("://")[2].partition("/")[2]
    if signer.issuer == _GITHUB:
        workflow = {"kind": "GitHub", "workflow": signer.workflow.rpartition("/")[2]}
    elif signer.issuer == _GITLAB:
        workflow = {"kind": "GitLab", "workflow_filepath": signer.workflow}
    else:
        return None
    return {**workflow, "repository": repository, "environment": None}


def _object(bundles: list[dict[str, Any]]) -> str:
    return json.dumps({"version": 1, "attestation_bundles": bundles}, separators=(",", ":"))

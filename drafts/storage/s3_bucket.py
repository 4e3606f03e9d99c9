"""How a bucket is set up: what is in it stays private, and what is half sent or deleted does not stay for ever."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from drafts.storage.errors import NoSuchObject, StorageRefuses
from drafts.storage.report import Report
from drafts.storage.s3_client import spoken

PREFIXES = ("staged/", "public/")
ABANDONED_DAYS = 2  # half-sent files are swept after one; the rule is for what the sweep cannot see
RULE = {
    "ID": "presscheck: abandoned parts",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABANDONED_DAYS},
}


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, as ``client`` may see it and as a ``stranger``, who signs nothing, may."""

    client: Any
    stranger: Any
    name: str

    def report(self, check: str) -> Report:
        """Look at everything; ``check`` is the key of a staged object. Raises StorageDown."""
        wrong, unknown = [*self._open_doors(check)], []
        for ask, what in ((self._abandoned, "lifecycle rules"), (self._versions, "versioning")):
            try:
                wrong += ask()
            except StorageRefuses:
                unknown.append(
                    f"the store does not tell this server the bucket's {what}: look there yourself"
                )
        return Report(tuple(wrong), tuple(unknown))

    def mend(self) -> None:
        """Add the rule for abandoned parts to the rules that are there. Raises StorageDown when it may not."""
        rules = self._rules()
        if all(_has_rule(rules, "AbortIncompleteMultipartUpload", prefix) for prefix in PREFIXES):
            return
        with spoken("the bucket's lifecycle rules"):
            self.client.put_bucket_lifecycle_configuration(
                Bucket=self.name, LifecycleConfiguration={"Rules": [*rules, RULE]}
            )

    def _open_doors(self, check: str) -> Iterator[str]:
        """Try what nobody may: read a draft's bytes, list keys, write."""
        if self._lets(self.stranger.get_object, Key=check):
            yield "anybody can read what is staged: let nobody but this server read the bucket (public/ may be open to a CDN)"
        if self._lets(self.stranger.list_objects_v2, MaxKeys=1):
            yield "anybody can list the bucket: drafts must not be seen"
        if self._lets(self.stranger.put_object, Key=f"{check}.stranger", Body=b""):
            yield "anybody can write into the bucket"

    def _lets(self, act: Callable[..., Any], **told: Any) -> bool:
        try:
            with spoken("the bucket"):
                act(Bucket=self.name, **told)
        except (StorageRefuses, NoSuchObject):
            return False
        return True

    def _abandoned(self) -> Iterator[str]:
        rules = self._rules()
        if not all(_has_rule(rules, "AbortIncompleteMultipartUpload", prefix) for prefix in PREFIXES):
            yield "no lifecycle rule drops abandoned parts: manage.py doctor --fix adds one"

    def _versions(self) -> Iterator[str]:
        with spoken("the bucket's versioning"):
            told = self.client.get_bucket_versioning(Bucket=self.name)
        if told.get("Status") != "Enabled":
            return
        if not _has_rule(self._rules(), "NoncurrentVersionExpiration", "staged/"):
            yield (
                "versioning keeps the bytes of deleted drafts: suspend it, or add a lifecycle rule that "
                "deletes noncurrent versions"
            )

    def _rules(self) -> list[dict[str, Any]]:
        try:
            with spoken("the bucket's lifecycle rules"):
                return list(self.client.get_bucket_lifecycle_configuration(Bucket=self.name)["Rules"])
        except NoSuchObject:  # that is how a store says that there are none
            return []


def _has_rule(rules: list[dict[str, Any]], action: str, prefix: str) -> bool:
    """Say whether an enabled rule that holds for every key under a prefix has this action."""
    for rule in rules:
        told = rule.get("Filter", {"Prefix": rule.get("Prefix", "")})
        if (
            rule["Status"] == "Enabled"
            and action in rule
            and not told.keys() - {"Prefix"}
            and prefix.startswith(told.get("Prefix", ""))
        ):
            return True
    return False

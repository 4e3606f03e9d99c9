"""It is true that the doctor sees a bucket that tells, or that never forgets, and mends what it can."""

import json

import pytest
from django.conf import settings as django_settings

from drafts.operations import doctor
from drafts.storage import StorageDown, new_object_id, storage
from drafts.storage.s3_bucket import RULE
from tests.fault_proxy import Fault
from tests.stored import everything

pytestmark = [pytest.mark.services, pytest.mark.django_db]
OTHER_RULE = {
    "ID": "the operator's own",
    "Status": "Enabled",
    "Filter": {"Prefix": "elsewhere/"},
    "Expiration": {"Days": 9},
}
OLD_VERSIONS = {
    "ID": "old versions",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
}


@pytest.fixture
def bucket(settings):
    """A bucket of its own, as an operator makes it, and the store's client as the operator's."""
    client = storage()._client
    settings.PRESSCHECK_S3_BUCKET = f"presscheck-{new_object_id()}"
    client.create_bucket(Bucket=settings.PRESSCHECK_S3_BUCKET)
    yield client
    for version in client.list_object_versions(Bucket=settings.PRESSCHECK_S3_BUCKET).get("DeleteMarkers", []):
        where = {"Key": version["Key"], "VersionId": version["VersionId"]}
        client.delete_object(Bucket=settings.PRESSCHECK_S3_BUCKET, **where)


def set_rules(client, *rules: dict) -> None:
    client.put_bucket_lifecycle_configuration(
        Bucket=django_settings.PRESSCHECK_S3_BUCKET, LifecycleConfiguration={"Rules": list(rules)}
    )


def rules_of(client) -> list[dict]:
    told = client.get_bucket_lifecycle_configuration(Bucket=django_settings.PRESSCHECK_S3_BUCKET)
    return sorted(told["Rules"], key=lambda rule: rule["ID"])


def allow(client, *actions: str, under: str) -> None:
    """Let strangers do this, by a policy of the bucket."""
    name = django_settings.PRESSCHECK_S3_BUCKET
    statement = {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": [f"s3:{one}" for one in actions]}
    statement["Resource"] = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/{under}*"]
    client.put_bucket_policy(
        Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )


def version(client) -> None:
    client.put_bucket_versioning(
        Bucket=django_settings.PRESSCHECK_S3_BUCKET, VersioningConfiguration={"Status": "Enabled"}
    )


def test_a_new_bucket_wants_a_rule_and_the_doctor_gives_it(bucket):
    (wrong,) = storage().report().wrong
    assert "no lifecycle rule drops abandoned parts" in wrong
    set_rules(bucket, OTHER_RULE)
    for _ in range(2):
        doctor.fix()
        assert [rule["ID"] for rule in rules_of(bucket)] == [RULE["ID"], OTHER_RULE["ID"]]
        assert rules_of(bucket)[0]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 2}
    assert storage().report().wrong == ()
    assert everything() == set()


@pytest.mark.parametrize(
    "change",
    [
        {"Status": "Disabled"},
        {"Filter": {"Prefix": "staged/"}},
        {"Filter": {"Prefix": "elsewhere/"}},
        {"AbortIncompleteMultipartUpload": None, "Expiration": {"Days": 900}},
    ],
    ids=["it is off", "for half of the keys", "for other keys", "another rule"],
)
def test_a_rule_that_does_not_hold_for_all_is_none(bucket, change):
    set_rules(bucket, {name: value for name, value in {**RULE, "ID": "x", **change}.items() if value})
    assert "abandoned parts" in "".join(storage().report().wrong)


@pytest.mark.parametrize(
    ("actions", "under", "words"),
    [
        (["GetObject"], "", ["can read what is staged"]),
        (["GetObject"], "staged/", ["can read what is staged"]),
        (["ListBucket"], "", ["can list the bucket"]),
        (["PutObject"], "staged/", ["can write into the bucket"]),
        (["GetObject"], "public/", []),
    ],
    ids=["all is readable", "drafts are readable", "it is listed", "it is writable", "only public/ is open"],
)
def test_a_bucket_that_is_open_is_seen(bucket, actions, under, words):
    doctor.fix()
    allow(bucket, *actions, under=under)
    wrong = storage().report().wrong
    assert len(wrong) == len(words)
    assert all(word in "".join(wrong) for word in words)
    assert everything() == set()


def test_a_bucket_that_is_public_by_its_acl_is_seen(bucket):
    doctor.fix()
    bucket.put_bucket_acl(Bucket=django_settings.PRESSCHECK_S3_BUCKET, ACL="public-read-write")
    wrong = "".join(storage().report().wrong)
    assert "can list the bucket" in wrong
    assert "can write into the bucket" in wrong


def test_versions_that_keep_what_was_deleted_are_seen(bucket):
    doctor.fix()
    version(bucket)
    (wrong,) = storage().report().wrong
    assert "versioning keeps the bytes of deleted drafts" in wrong
    set_rules(bucket, RULE, OLD_VERSIONS)
    assert storage().report().wrong == ()


@pytest.mark.parametrize("status", ["501", "405"])
def test_what_a_store_does_not_tell_is_no_fault(bucket, proxy, status):
    """It is true that a store without such settings is well, and that the line says what was not asked."""
    proxy.faults.append(Fault(status, lambda _method, path: "lifecycle" in path or "versioning" in path))
    report = storage().report()
    assert report.wrong == ()
    assert ["lifecycle" in one or "versioning" in one for one in report.unknown] == [True, True]
    with pytest.raises(StorageDown, match="cannot do"):
        doctor.fix()
    line = doctor._asked("bucket", doctor._bucket).line
    assert line.startswith("bucket: ok (the store does not tell")
    assert proxy.faults[0].seen


def test_the_doctor_asks_about_the_bucket(bucket):
    checks = {check.name: check for check in doctor.everything()}
    assert "abandoned parts" in checks["bucket"].problem
    doctor.fix()
    assert {check.name: check for check in doctor.everything()}["bucket"].is_well

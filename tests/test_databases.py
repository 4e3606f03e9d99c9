"""What the tests do to their database between two tests: nothing of one is left to the next."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection, transaction

from accounts.models import AuditEvent
from tests.databases import emptied

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.state]
KEPT = (ContentType, Permission)


def test_no_row_of_a_transactional_test_is_left(draft, rita):
    """It is true of every table but those that migrations fill, and the audit trail is append-only again."""
    kept = [list(model.objects.values()) for model in KEPT]
    emptied()
    left = [m for m in apps.get_models() if m not in KEPT and m._default_manager.exists()]
    assert left == []
    assert [list(model.objects.values()) for model in KEPT] == kept
    connection.check_constraints()
    event = AuditEvent.objects.create(scope="site", seq=1, event="x", at="2026-01-01T00:00:00Z", hash="h")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEvent.objects.filter(pk=event.pk)._raw_delete("default")

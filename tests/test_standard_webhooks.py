"""Webhooks are signed as Standard Webhooks says: its own example, and what no secret is."""

from datetime import UTC, datetime

import pytest

from drafts.notify import standard_webhooks
from drafts.notify.standard_webhooks import BadSecret


def test_the_example_of_the_specification():
    """It is true that the signature is the one that the specification's libraries test with."""
    at = datetime.fromtimestamp(1614265330, UTC)
    body = b'{"test": 2432232314}'
    found = standard_webhooks.headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body
    )
    assert found["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert found["webhook-timestamp"] == "1614265330"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_YQ==", "whsec_not base64", "whsec_" + "A" * 200])
def test_what_is_no_secret(secret):
    with pytest.raises(BadSecret):
        standard_webhooks.key_of(secret)


def test_a_new_secret_signs():
    assert len(standard_webhooks.key_of(standard_webhooks.new_secret())) == 32

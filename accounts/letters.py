"""What people are told by mail about their own account. Each letter says what happened and what to do if it was not them."""

from datetime import datetime

from accounts.audit import Origin
from accounts.mail import Letter
from accounts.models import User

ACCOUNT = "/account/"
_NOT_YOU = "If that was not you: change your password, end the sign-ins that are not yours, and tell whoever runs this server."


def _spelled(moment: datetime) -> str:
    return f"{moment:%d %B %Y %H:%M} UTC"


def _where(origin: Origin) -> str:
    if not origin.address:
        return "On the server itself."
    return f"From the address {origin.address}, in a browser that calls itself: {origin.user_agent or 'nothing'}."


def new_device(user: User, origin: Origin, at: datetime) -> Letter:
    return Letter(
        "A sign-in from a new browser",
        (f"Somebody signed in as {user.email} at {_spelled(at)}.", _where(origin), _NOT_YOU),
        ACCOUNT,
        "Look at your sign-ins",
    )


def recovery_code_used(user: User, left: int, until: datetime) -> Letter:
    return Letter(
        "A recovery code was used to sign in",
        (
            f"One of the recovery codes of {user.email} was used. {left} are left.",
            (
                f"Nothing is published or approved with this account before {_spelled(until)}, unless an older second factor, or "
                "an owner of its projects, confirms that it was you."
            ),
            _NOT_YOU,
        ),
        ACCOUNT,
        "Look at your account",
    )


def factor_added(user: User, name: str, until: datetime | None) -> Letter:
    held = (
        f"It signs in at once. It publishes and approves from {_spelled(until)} on, unless an older second factor, or an "
        "owner of your projects, confirms it before."
        if until
        else "It signs in, publishes and approves."
    )
    return Letter(
        "A second factor was added",
        (f"{name} was added to the account {user.email}.", held, _NOT_YOU),
        ACCOUNT,
        "Look at your second factors",
    )


def factor_removed(user: User, name: str) -> Letter:
    return Letter(
        "A second factor was removed",
        (f"{name} was removed from the account {user.email}. It opens nothing any more.", _NOT_YOU),
        ACCOUNT,
        "Look at your second factors",
    )


def factor_confirmed(user: User, by: str) -> Letter:
    return Letter(
        "Your second factor is confirmed",
        (
            f"{by} confirmed that the second factor of {user.email} is yours. It publishes from now on.",
            _NOT_YOU,
        ),
        ACCOUNT,
        "Look at your second factors",
    )


def codes_made(user: User) -> Letter:
    return Letter(
        "New recovery codes were made",
        (f"The recovery codes of {user.email} that were made before do not work any more.", _NOT_YOU),
        ACCOUNT,
        "Look at your account",
    )


def password_changed(user: User) -> Letter:
    return Letter(
        "Your password was changed",
        (
            f"The password of {user.email} was changed. Other browsers that were signed in are signed out.",
            "If that was not you: set another one with the link below, and tell whoever runs this server.",
        ),
        "/accounts/password/reset/",
        "Set another password",
    )


def password_reset(path: str) -> Letter:
    return Letter(
        "Set a new password",
        (
            "Somebody, probably you, asked to set a new password for this account. The second factor stays as it is.",
            "If you did not ask, do nothing: without the link below the password stays.",
        ),
        path,
        "Set a new password",
    )


def no_such_account(email: str) -> Letter:
    return Letter(
        "There is no account with this address",
        (
            f"Somebody, probably you, asked to set a new password for {email}, and no account here has that address.",
            "Perhaps it has another one. If you did not ask, do nothing.",
        ),
        "/accounts/login/",
        "Sign in",
    )


def act_locked(user: User, act: str) -> Letter:
    return Letter(
        f"Five wrong codes: {act} is locked for 15 minutes",
        (
            (
                f"Somebody who is signed in, or knows the password, as {user.email} gave five wrong second factors for the act "
                f"'{act}'. It is locked for 15 minutes, and nothing was changed."
            ),
            "If that was not you, change your password now and end the sign-ins that are not yours.",
        ),
        ACCOUNT,
        "Look at your account",
    )


def recovery_opened(user: User, due: datetime, path: str) -> Letter:
    return Letter(
        f"The account {user.email} is being recovered",
        (
            f"An operator of this server was told that {user.email} lost every second factor, and opened a recovery.",
            f"From {_spelled(due)} on, the person can be let in to set up new ones. The old ones then open nothing any more.",
            "If you know that this is wrong, or if you are that person and did not ask for it, object. One objection stops it.",
        ),
        path,
        "Object to this recovery",
    )


def recovery_stopped(user: User, by: str) -> Letter:
    return Letter(
        f"The recovery of {user.email} was stopped",
        (f"{by} objected. The account stays as it is.",),
    )


def recovery_done(user: User) -> Letter:
    return Letter(
        f"The account {user.email} was recovered",
        (
            "72 hours passed without an objection. Its old second factors open nothing any more.",
            "A new one that is set up now publishes after 72 hours, or once an owner of its projects confirms it.",
        ),
    )


def email_asked(user: User, email: str) -> Letter:
    """Tell the old address that another one was asked for."""
    return Letter(
        "Another address was asked for",
        (
            f"Somebody who is signed in as {user.email} asked that the account has the address {email} instead.",
            "It is changed once somebody who is signed in to the account follows the link that was mailed there.",
            _NOT_YOU,
        ),
        ACCOUNT,
        "Look at your account, and stop it there",
    )


def email_to_confirm(email: str, before: str, path: str) -> Letter:
    """Ask the new address whether it is the person's."""
    return Letter(
        "Confirm your new address",
        (
            f"The account {before} is to have the address {email}. Follow the link within a day, signed in to that account.",
            "If you did not ask for it, do nothing: without the link nothing happens.",
        ),
        path,
        "Confirm this address",
    )


def email_taken(email: str) -> Letter:
    """Tell an address that it has an account already, which the asking page does not say."""
    return Letter(
        "This address has an account already",
        (
            f"Somebody who is signed in to another account asked that it has the address {email}, which is this account's.",
            "Nothing was changed. If it was you: an address is one account's.",
        ),
        ACCOUNT,
        "Look at your account",
    )


def email_changed(before: str, email: str) -> Letter:
    """Tell both addresses which one counts."""
    return Letter(
        "The address of your account was changed",
        (f"The account {before} has the address {email} now: sign in with that one.", _NOT_YOU),
        ACCOUNT,
        "Look at your account",
    )


def closed(user: User) -> Letter:
    """Tell somebody that an operator closed their account."""
    return Letter(
        "Your account was closed",
        (
            f"An operator of this server closed the account {user.email}.",
            "Its sign-ins are over, and the tokens and draft links that it made are revoked.",
            "Whoever runs this server can open it again.",
        ),
    )

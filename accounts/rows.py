"""What the account's pages show, as frozen rows."""

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator

from accounts import agents, codes, devices, emails, factors, recovery
from accounts.devices import SignIn
from accounts.models import FactorHold, Recovery, User

CODES = 10


@dataclass(frozen=True, slots=True)
class FactorRow:
    """One second factor."""

    id: int
    kind: str
    name: str
    added_at: datetime
    used_at: datetime | None
    held_until: datetime | None
    confirm: int  # the hold that an older factor can lift; 0 for none
    is_only: bool


@dataclass(frozen=True, slots=True)
class HoldRow:
    """One reason why this account, or a factor of it, does not publish yet."""

    id: int
    until: datetime
    reason: str
    factor: int  # 0 where all of them are held
    confirmable: bool


@dataclass(frozen=True, slots=True)
class SignInRow:
    """One open session in words."""

    session: SignIn
    browser: str
    by: str


@dataclass(frozen=True, slots=True)
class AccountPage:
    """A person's account."""

    email: str
    name: str
    factors: tuple[FactorRow, ...]
    has_app: bool
    holds: tuple[HoldRow, ...]
    codes_left: int
    codes_of: int
    sign_ins: tuple[SignInRow, ...]
    recovery: Recovery | None
    has_password: bool
    new_email: str

    @property
    def any_held(self) -> bool:
        return any(factor.held_until for factor in self.factors)


_WAYS = {
    "password": "password",
    "socialaccount": "single sign-on",
    "totp": "authenticator app",
    "webauthn": "passkey",
    "recovery_codes": "recovery code",
    "link": "one-time link",
}


def page(user: User, *, this_session: str) -> AccountPage:
    """Return the page of one account, with its sessions as they are now."""
    rows = factors.of(user)
    held = list(FactorHold.objects.standing().filter(user=user).order_by("at"))
    holds = tuple(_hold(hold, rows, held) for hold in held)
    return AccountPage(
        email=user.email,
        name=user.name,
        factors=tuple(_factor(row, rows, held, holds) for row in rows),
        has_app=any(row.type == Authenticator.Type.TOTP for row in rows),
        holds=holds,
        codes_left=len(codes.unused(user)),
        codes_of=CODES,
        sign_ins=tuple(_sign_in(one) for one in devices.open_sessions(user, this=this_session)),
        recovery=recovery.live(user),
        has_password=user.has_usable_password(),
        new_email=change.email if (change := emails.pending(user)) else "",
    )


def _factor(
    row: Authenticator, rows: list[Authenticator], held: list[FactorHold], holds: tuple[HoldRow, ...]
) -> FactorRow:
    own = [hold for hold in held if hold.factor_id in {None, row.pk}]
    is_app = row.type == Authenticator.Type.TOTP
    return FactorRow(
        id=row.pk,
        kind=row.type,
        name="Authenticator app" if is_app else row.wrap().name,
        added_at=row.created_at,
        used_at=row.last_used_at,
        held_until=max((hold.until for hold in own), default=None),
        confirm=next((hold.id for hold in holds if hold.factor == row.pk and hold.confirmable), 0),
        is_only=len(rows) == 1,
    )


def _hold(hold: FactorHold, rows: list[Authenticator], held: list[FactorHold]) -> HoldRow:
    fresh = {one.factor_id for one in held}
    return HoldRow(
        id=hold.pk,
        until=hold.until,
        reason=hold.reason,
        factor=hold.factor_id or 0,
        confirmable=any(row.created_at < hold.at and row.pk not in fresh for row in rows),
    )


def _sign_in(one: SignIn) -> SignInRow:
    by = " and ".join(_WAYS.get(way, way) for way in one.how.split())
    return SignInRow(session=one, browser=agents.spelled(one.agent), by=by)

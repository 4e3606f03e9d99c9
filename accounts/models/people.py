"""People, and the one-time links that let them in the first time."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property

from accounts.models.mailed import MailedLink

if TYPE_CHECKING:
    from accounts.audit import Subject


class UserManager(BaseUserManager["User"]):
    """Makes people; there is no sign-up."""

    def create_user(self, email: str, *, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person, known by an e-mail address."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)
    recovered_at = models.DateTimeField(
        null=True
    )  # by recovery code, password reset or operator, the last time

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def audit_subject(self) -> "Subject":
        """What events about this person are filed under."""
        from accounts.audit import SITE, Subject

        return Subject(SITE, "person", str(self.pk), self.email)

    @cached_property
    def factors(self) -> frozenset[str]:
        """The kinds of second factor that are set up: ``totp``, ``webauthn``, ``recovery_codes``."""
        from allauth.mfa.models import Authenticator

        return frozenset(Authenticator.objects.filter(user_id=self.pk).values_list("type", flat=True))

    @property
    def has_app(self) -> bool:
        return "totp" in self.factors

    @property
    def has_passkey(self) -> bool:
        return "webauthn" in self.factors

    @property
    def is_enrolled(self) -> bool:
        """A second factor is set up; nobody gets past enrolment without one."""
        return self.has_app or self.has_passkey


class SignInLink(MailedLink):
    """A one-time way in for a person without a factor yet; only its digest is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_in_links")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    loopback_only = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"sign-in link of {self.user_id}"

    @classmethod
    def usable(cls, token: str) -> "SignInLink | None":
        return (
            cls.with_token(token)
            .select_related("user")
            .filter(used_at=None, expires_at__gt=timezone.now(), user__is_active=True)
            .first()
        )

    def spend(self) -> bool:
        """Use the link up. False when somebody else was faster."""
        rows = type(self).objects.filter(pk=self.pk, used_at=None, expires_at__gt=timezone.now())
        return rows.update(used_at=timezone.now()) == 1

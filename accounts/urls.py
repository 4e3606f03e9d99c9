"""Every page of an account."""

from django.urls import path

from accounts import account, emailing, enrolling

urlpatterns = [
    path("", account.account, name="account"),
    path("sign-ins/end-others/", account.end_others, name="sign-ins-end-others"),
    path("sign-ins/<slug:handle>/end/", account.end_session, name="sign-in-end"),
    path("enrol/", enrolling.enrol, name="enrol"),
    path("factors/app/", enrolling.app, name="factor-app"),
    path("factors/passkey/", enrolling.passkey, name="factor-passkey"),
    path("factors/passkey/made/", enrolling.passkey_made, name="factor-passkey-made"),
    path("factors/<int:factor_id>/remove/", enrolling.remove, name="factor-remove"),
    path("factors/confirm/<int:hold_id>/", enrolling.confirm, name="factor-confirm"),
    path("codes/", enrolling.recovery_codes, name="recovery-codes"),
    path("codes/make/", enrolling.make_codes, name="recovery-codes-make"),
    path("name/", account.name, name="account-name"),
    path("email/", emailing.change, name="email-change"),
    path("email/stop/", emailing.stop, name="email-stop"),
    path("email/<str:token>/", emailing.confirm, name="email-confirm"),
    path("recovery/", account.stop_recovery, name="recovery-stop"),
    path("recovery/<str:token>/", account.object_to_recovery, name="recovery-object"),
]

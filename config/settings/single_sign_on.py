"""Who else signs people in: one OpenID Connect provider, which replaces the password and never the second factor."""

from typing import Any
from urllib.parse import urlsplit

from config.settings.environment import env

SIGN_ON_ISSUER = env("PRESSCHECK_OIDC_ISSUER").rstrip("/")
SIGN_ON_NAME = env("PRESSCHECK_OIDC_NAME", "single sign-on")
SIGN_ON_ORIGIN = "://".join(urlsplit(SIGN_ON_ISSUER)[:2]) if SIGN_ON_ISSUER else ""
SOCIALACCOUNT_ADAPTER = "accounts.single_sign_on.SingleSignOnAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True  # by the address that the provider verified
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, Any]] = {
    "openid_connect": {
        "provider_class": "accounts.single_sign_on.Provider",
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sso",
                "name": SIGN_ON_NAME,
                "client_id": env("PRESSCHECK_OIDC_CLIENT_ID"),
                "secret": env("PRESSCHECK_OIDC_CLIENT_SECRET"),
                "settings": {"server_url": SIGN_ON_ISSUER},
            },
        ]
        if SIGN_ON_ISSUER
        else [],
    },
}

"""Where this server fetches from: the CI providers' APIs, and what it may reach though it is not public."""

import re

from config.settings.environment import env, listed

OUTBOUND_ALLOW = listed("PRESSCHECK_OUTBOUND_ALLOW")
# The index behind this one: where dependencies come from. The second name is the one it had before.
PRESSCHECK_UPSTREAM_INDEX = (env("PRESSCHECK_UPSTREAM_INDEX") or env("PRESSCHECK_RESOLVE_INDEX")).rstrip("/")
IS_UPSTREAM_NAMED_AS_BEFORE = bool(env("PRESSCHECK_RESOLVE_INDEX"))
PRESSCHECK_OWN_NAMES = tuple(
    re.sub(r"[-_.]+", "-", pattern).lower() for pattern in listed("PRESSCHECK_OWN_NAMES")
)
PRESSCHECK_PURGE_URL = env("PRESSCHECK_PURGE_URL")  # told what caches must forget
PRESSCHECK_PURGE_TOKEN = env("PRESSCHECK_PURGE_TOKEN")
GITHUB_API = env("PRESSCHECK_GITHUB_API", "https://api.github.com").rstrip("/")
GITLAB_API = env("PRESSCHECK_GITLAB_API", "https://gitlab.com/api/v4").rstrip("/")

"""Where this server fetches from: the CI providers' APIs, and what it may reach though it is not public."""

from config.settings.environment import env, listed

OUTBOUND_ALLOW = listed("PRESSCHECK_OUTBOUND_ALLOW")
PRESSCHECK_RESOLVE_INDEX = env("PRESSCHECK_RESOLVE_INDEX").rstrip("/")  # where drafts' dependencies come from
PRESSCHECK_PURGE_URL = env("PRESSCHECK_PURGE_URL")  # told what caches must forget
PRESSCHECK_PURGE_TOKEN = env("PRESSCHECK_PURGE_TOKEN")
GITHUB_API = env("PRESSCHECK_GITHUB_API", "https://api.github.com").rstrip("/")
GITLAB_API = env("PRESSCHECK_GITLAB_API", "https://gitlab.com/api/v4").rstrip("/")

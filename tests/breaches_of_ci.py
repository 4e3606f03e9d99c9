"""Rows about CI and what it says that the database refuses, each breaking one constraint."""

from collections.abc import Callable

from accounts.models import User
from drafts.models import CiSource, Project, RunHook, RunMessage


def _hook(**changes: object) -> RunHook:
    told = {"kind": "github", "repository": "octo/sampleproject", "set_by": User.objects.first()}
    source, _ = CiSource.objects.get_or_create(project=Project.objects.get(), defaults=told)
    return RunHook.objects.create(
        source=source, made_by=User.objects.first(), **{"secret_sealed": "x", **changes}
    )


OF_CI: dict[str, Callable[[], object]] = {
    "a_run_hook_has_a_secret": lambda: _hook(secret_sealed=""),
    "one_row_per_message_to_a_run_hook": lambda: RunMessage.objects.bulk_create(
        RunMessage(hook=hook, key="k", heard="ignored", said="x") for hook in [_hook()] * 2
    ),
    "a_message_that_was_taken_names_its_run": lambda: RunMessage.objects.create(
        hook=_hook(), key="k", heard="taken", said="x"
    ),
}

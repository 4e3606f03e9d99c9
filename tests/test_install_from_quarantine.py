"""What pip and uv make of a project that is archived or in quarantine, and of a file that somebody pinned."""

import pytest

from drafts.models import Draft, File, Project
from drafts.publishing import quarantine, shown
from tests import wheels
from tests.clients import module_of
from tests.conftest import SYSTEM, publish

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True)]
WHY = "It ships a key logger."


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_installers_get_what_is_archived_and_nothing_of_what_is_held(live, ci, mike, clients, tmp_path, tool):
    """It is true that archived installs, quarantined does not, pinned by address neither, and lifted does again."""
    built = wheels.wheel()
    assert ci.upload(built).status_code == 200
    publish(Draft.objects.get(), mike)
    project = Project.objects.get()
    project.status, project.status_reason = "archived", "use another"
    project.save(update_fields=["status", "status_reason"])
    shown.again(project)

    def install(what: str, target: str):
        cache = "--no-cache-dir" if tool == "pip" else "--no-cache"
        return clients.install(
            tool, cache, "--no-deps", "--index-url", live.simple_url, what, target=tmp_path / target
        )

    said = install("sampleproject", "archived")
    assert said.code == 0, said
    assert (tmp_path / "archived" / "sampleproject" / "__init__.py").read_bytes() == module_of(built)
    file = File.objects.get()
    pinned = f"sampleproject @ {live.url}/files/{file.public_id}/{file.filename}"
    quarantine.begin(held=project, reason=WHY, by=SYSTEM)
    for what, target in (("sampleproject", "a"), ("sampleproject==1.0", "b"), (pinned, "c")):
        said = install(what, target)
        assert said.code != 0, said
        assert not (tmp_path / target / "sampleproject").exists()
    assert "403" in said
    project.refresh_from_db()
    quarantine.lift(held=project, by=SYSTEM)
    assert install("sampleproject==1.0", "lifted").code == 0

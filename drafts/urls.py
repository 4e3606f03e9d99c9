"""Every URL of the product on one page."""

from django.urls import include, path

from drafts.index import drafts as draft_pages
from drafts.index import views as index
from drafts.intake import legacy
from drafts.intake.upload2 import check as asking
from drafts.intake.upload2 import files as uploads
from drafts.intake.upload2 import sessions
from drafts.operations import health, metrics
from drafts.review import (
    arriving,
    builders,
    ci,
    draft,
    evidence,
    files,
    links,
    projects,
    publish,
    queue,
    releases,
    runs,
    settings,
    sources,
    testers,
    tokens,
)

urlpatterns = [
    path("", queue.queue, name="queue"),
    path("help/ci/", ci.snippets, name="ci"),
    path("help/errors/", ci.errors, name="errors"),
    path("stage.py", ci.script, name="stage-script"),
    path("projects/<slug:name>/", projects.project, name="project"),
    path("projects/<slug:name>/settings/", settings.settings, name="project-settings"),
    path("projects/<slug:name>/tokens/", tokens.make, name="token-make"),
    path("projects/<slug:name>/tokens/<int:token_id>/revoke/", tokens.revoke, name="token-revoke"),
    path("projects/<slug:name>/tokens/<int:token_id>/files/", tokens.files, name="token-files"),
    path("projects/<slug:name>/upload/", files.upload_new, name="upload-new"),
    path("projects/<slug:name>/ci/", sources.source, name="ci-source"),
    path("projects/<slug:name>/ci/test/", sources.test, name="ci-test"),
    path("projects/<slug:name>/ci/remove/", sources.remove, name="ci-remove"),
    path("projects/<slug:name>/runs/", runs.ask, name="run-ask"),
    path("projects/<slug:name>/runs/<int:run_id>/", runs.run, name="run"),
    path("projects/<slug:name>/runs/<int:run_id>/choose/", runs.choose, name="run-choose"),
    path("projects/<slug:name>/releases/<str:version>/", releases.release, name="release"),
    path("projects/<slug:name>/releases/<str:version>/yank/", releases.change, name="release-yank"),
    path("projects/<slug:name>/releases/<str:version>/delete/", releases.delete, name="release-delete"),
    path(
        "projects/<slug:name>/drafts/<str:version>/",
        include(
            [
                path("", draft.draft, name="draft"),
                path("now/", draft.now, name="draft-now"),
                path("evidence/", evidence.add, name="evidence-add"),
                path("evidence/SHA256SUMS", evidence.sums, name="evidence-sums"),
                path("upload/", files.upload, name="file-upload"),
                path("files/<str:filename>/delete/", files.delete, name="file-delete"),
                path("files/<str:filename>/download/", files.download, name="file-download"),
                path("arriving/<str:upload>/delete/", arriving.delete, name="arriving-delete"),
                path("expected/strike/", arriving.strike, name="expected-strike"),
                path("links/", links.make, name="link-make"),
                path("links/<int:link_id>/revoke/", links.revoke, name="link-revoke"),
                path("builders/", builders.invite, name="builder-invite"),
                path("builders/<int:builder_id>/expect/", builders.expect, name="builder-expect"),
                path("builders/<int:builder_id>/revoke/", builders.revoke, name="builder-revoke"),
                path("publish/", publish.publish, name="publish"),
                path("cancel/", draft.cancel, name="draft-cancel"),
                path("extend/", draft.extend, name="draft-extend"),
            ],
        ),
    ),
    path("legacy", legacy.without_slash),
    path("legacy/", legacy.upload, name="legacy"),
    # What hatch and flit print as the address of the release that was uploaded.
    path("legacy/<str:name>/<str:version>/", legacy.printed),
    path("project/<str:name>/", legacy.printed),
    path(
        "upload/",
        include(
            [
                path("", sessions.root, name="upload-root"),
                path("check/<str:filename>", asking.check, name="upload-check"),
                path("<str:handle>/", sessions.session, name="session"),
                path("<str:handle>/publish/", sessions.publish, name="session-publish"),
                path("<str:handle>/extend/", sessions.extend, name="session-extend"),
                path("<str:handle>/files/", uploads.files, name="session-files"),
                path("<str:handle>/files/<str:file>/", uploads.file, name="session-file"),
                path("<str:handle>/files/<str:file>/content", uploads.content),
                path("<str:handle>/files/<str:file>/attestations", uploads.attestations),
                path("<str:handle>/files/<str:file>/complete/", uploads.completed),
                path("<str:handle>/files/<str:file>/extend/", uploads.extend),
            ],
        ),
    ),
    path("simple/", index.root, name="simple-root"),
    path("simple/<str:name>/", index.project, name="simple-project"),
    path("files/<str:public_id>/<str:filename>", index.file, name="file"),
    path(
        "draft/",
        include(
            [
                # Basic auth: user "draft", password the token.
                path("simple/", draft_pages.root),
                path("simple/<str:name>/", draft_pages.project),
                path("only/simple/", draft_pages.root, {"only": True}),
                path("only/simple/<str:name>/", draft_pages.project, {"only": True}),
                path("files/<str:handle>/<str:filename>", draft_pages.file),
                path("requirements.txt", draft_pages.requirements),
                # The token in the path.
                path("<str:token>/", testers.page, name="tester"),
                path("<str:token>/simple/", draft_pages.root),
                path("<str:token>/simple/<str:name>/", draft_pages.project),
                path("<str:token>/only/simple/", draft_pages.root, {"only": True}),
                path("<str:token>/only/simple/<str:name>/", draft_pages.project, {"only": True}),
                path("<str:token>/files/<str:handle>/<str:filename>", draft_pages.file, name="draft-file"),
                path("<str:token>/requirements.txt", draft_pages.requirements, name="draft-requirements"),
                path("<path:_rest>", draft_pages.nothing),
            ],
        ),
    ),
    path("healthz", health.process),
    path("readyz", health.ready),
    path("metrics", metrics.page),
]

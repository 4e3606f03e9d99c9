"""What upload tools and installers ask for, many at once: each address is tried in turn, so these go first."""

from django.urls import include, path

from drafts.index import views as index
from drafts.intake import evidence as evidence_post
from drafts.intake import legacy, named, trusted
from drafts.intake.upload2 import approved, sessions
from drafts.intake.upload2 import check as asking
from drafts.intake.upload2 import files as uploads

urlpatterns = [
    path("legacy", legacy.without_slash),
    path("legacy/", legacy.upload, name="legacy"),
    # What hatch and flit print as the address of the release that was uploaded.
    path("legacy/<str:name>/<str:version>/", legacy.printed),
    path("project/<str:name>/", legacy.printed),
    path("upload/", sessions.root, name="upload-root"),
    path("upload/check/<str:filename>", asking.check, name="upload-check"),
    path(
        "<upload:handle>/",
        include(
            [
                path("", sessions.session, name="session"),
                path("publish/", sessions.publish, name="session-publish"),
                path("extend/", sessions.extend, name="session-extend"),
                path("files/", uploads.files, name="session-files"),
                path("files/<str:file>/", uploads.file, name="session-file"),
                path("files/<str:file>/content", uploads.content),
                path("files/<str:file>/attestations", uploads.attestations),
                path("files/<str:file>/complete/", uploads.completed),
                path("files/<str:file>/extend/", uploads.extend),
                path("files/<str:file>/<str:token>/", uploads.linked),
                path("approved/<str:filename>", approved.approved, name="session-approved"),
            ],
        ),
    ),
    path("evidence/", evidence_post.post, name="evidence-post"),
    path("hooks/runs/<str:handle>/", named.hear, name="run-hook-heard"),
    path("_/oidc/audience", trusted.audience, name="oidc-audience"),
    path("_/oidc/mint-token", trusted.mint_token, name="oidc-mint"),
    path("_/oidc/github/mint-token", trusted.mint_token),
    path("_/oidc/burn-token", trusted.burn_token, name="oidc-burn"),
    path(".well-known/pytp", trusted.discover, name="oidc-discover"),
    path(".well-known/pytp/<str:key>", trusted.discover),
    path("simple/", index.root, name="simple-root"),
    path("<simple:name>/", index.project, name="simple-project"),
    path("files/<str:public_id>/<str:filename>", index.file, name="file"),
]

"""What does not belong into a release: caches, settings of editors, secrets of the machine it was built on."""

from collections.abc import Iterator

from drafts.dist.errors import shown
from drafts.inspection.checks.subject import Found, Subject
from drafts.inspection.codes import Code

_FOLDERS = {
    ".eggs", ".git", ".hg", ".hypothesis", ".idea", ".mypy_cache", ".nox", ".pytest_cache", ".ruff_cache", ".svn",
    ".tox", ".venv", ".vscode", "__MACOSX", "__pycache__", "node_modules",
}  # fmt: skip
_NAMES = {".coverage", ".DS_Store", ".env", ".netrc", ".npmrc", ".pypirc", "Thumbs.db", "desktop.ini"}
_SUFFIXES = (".orig", ".pyc", ".pyo", ".rej", ".swo", ".swp", "~")


def litter(subject: Subject) -> Iterator[Found]:
    """No caches, no version control, no files of editors or of one machine."""
    for member in subject.members:
        *folders, name = member.path.split("/")
        folder = next((folder for folder in folders if folder in _FOLDERS), None)
        if folder is not None:
            what = f"lies in {folder}"
        elif name in _NAMES or name.startswith(".env.") or name.endswith(_SUFFIXES):
            what = "is left over from somebody's machine"
        else:
            continue
        yield Found(Code.LITTER, f"'{shown(member.path)}' {what}.", member.path)

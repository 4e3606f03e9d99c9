"""Core metadata: requirements, classifiers, licence files, what is absent."""

from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement

from drafts.dist.errors import shown
from drafts.inspection.checks.subject import Found, Subject
from drafts.inspection.codes import Code

_PRIVATE = "Private ::"  # not in the list on purpose: it keeps a file off the public index
_PINS = {"==", "==="}


def direct_urls(subject: Subject) -> Iterator[Found]:
    """No requirement names an address: a tester's installer would fetch it, and an index cannot vouch for it."""
    for requirement in () if subject.direct_urls else _requirements(subject):
        if requirement.url:
            yield Found(
                Code.DIRECT_URL,
                f"It requires {requirement.name} from {shown(requirement.url)}; an installer would fetch that. "
                "Require a version instead.",
            )


def pre_releases(subject: Subject) -> Iterator[Found]:
    """A requirement that names a pre-release pins it: otherwise installers take any newer pre-release, too."""
    for requirement in _requirements(subject):
        for one in requirement.specifier:
            if one.operator not in _PINS and _is_pre_release(one.version):
                yield Found(
                    Code.PRE_RELEASE_UNPINNED,
                    f"It requires {requirement.name}{one}: from then on installers take every pre-release of it.",
                )


def classifiers(subject: Subject) -> Iterator[Found]:
    """Classifiers are known, and none is deprecated."""
    import trove_classifiers

    for classifier in subject.metadata.classifiers:
        if classifier in trove_classifiers.deprecated_classifiers:
            instead = trove_classifiers.deprecated_classifiers[classifier]
            hint = f" Use {', '.join(instead)}." if instead else ""
            yield Found(
                Code.DEPRECATED_CLASSIFIER, f"The classifier '{shown(classifier)}' is deprecated.{hint}"
            )
        elif classifier not in trove_classifiers.classifiers and not classifier.startswith(_PRIVATE):
            yield Found(Code.UNKNOWN_CLASSIFIER, f"There is no classifier '{shown(classifier)}'.")


def licence_files(subject: Subject) -> Iterator[Found]:
    """Every License-File is in the archive (PEP 639, and where older builders put it)."""
    there = {member.path for member in subject.members}
    top = subject.members[0].path.partition("/")[0] if subject.members else ""
    for named in subject.metadata.license_files:
        last = named.rpartition("/")[2]
        folder = subject.dist_info if subject.is_wheel else top
        places = (
            f"{folder}/licenses/{named}",
            f"{folder}/{named}",
            f"{folder}/{last}",
            f"{folder}/licenses/{last}",
        )
        if there.isdisjoint(places):
            yield Found(
                Code.LICENCE_ABSENT,
                f"The metadata name the licence file '{shown(named)}', and it is not there.",
            )


def requires_python(subject: Subject) -> Iterator[Found]:
    """Requires-Python says which Pythons the release is for."""
    if not subject.metadata.requires_python:
        yield Found(
            Code.REQUIRES_PYTHON_ABSENT,
            "Without Requires-Python installers offer this release to every Python, however old.",
        )


def project_urls(subject: Subject) -> Iterator[Found]:
    """There is an address where the project can be found."""
    if not subject.metadata.project_urls and not subject.metadata.home_page:
        yield Found(Code.PROJECT_URLS_ABSENT, "The metadata name no address of the project.")


def _requirements(subject: Subject) -> Iterator[Requirement]:
    for text in subject.metadata.requires_dist:
        try:
            yield Requirement(text)
        except InvalidRequirement:  # the door takes what packaging reads; an old file may hold others
            continue


def _is_pre_release(version: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version.removesuffix(".*")).is_prerelease
    except InvalidVersion:
        return False

"""Rules about expected files: nobody loses a wheel, and every pattern is met, unless a maintainer says so."""

from collections.abc import Iterable, Iterator, Sequence

from drafts.dist.environments import Environment
from drafts.dist.expected import SDIST, Effect, Lost, lost_sdist, unmatched
from drafts.dist.platforms import Platform
from drafts.inspection.changes import audience
from drafts.models import DecisionKind, ExpectedFiles
from drafts.publishing.policy.blocker import Blocker, Code, listed
from drafts.publishing.policy.case import Case

_MOST_PLATFORMS = 4  # blockers of their own; more are one
_PEOPLE = {
    "Linux x86-64": "Linux on x86-64",
    "Linux aarch64": "Linux on ARM",
    "musl x86-64": "Alpine",
    "musl aarch64": "Alpine on ARM",
    "macOS arm64": "macOS on Apple silicon",
    "macOS x86-64": "macOS on Intel",
    "Windows amd64": "Windows",
    "Windows arm64": "Windows on ARM",
    "Windows x86": "32-bit Windows",
}
_EFFECTS = {
    Effect.BUILDS: "would build from source",
    Effect.FALLS_BACK: "would get the wheel for any platform, without the compiled parts",
    Effect.NOTHING: "could not install it at all",
}


def missed(case: Case) -> list[Lost]:
    """Return who is left without a wheel of last time, those that a maintainer publishes without left out."""
    if not case.files or not case.before.last_files or case.before.adds:
        return []
    decided = case.decided(DecisionKind.WITHOUT)
    found = audience.lost(case.files, case.before.last_files)
    return [one for one in found if one.place not in decided]


def as_last_time(case: Case) -> Iterator[Blocker]:
    if not case.draft.is_live or case.draft.project.expected_files != ExpectedFiles.LAST:
        return
    by_platform: dict[Platform, list[Lost]] = {}
    for one in missed(case):
        by_platform.setdefault(one.environment.platform, []).append(one)
    if len(by_platform) > _MOST_PLATFORMS:
        yield _many(case, by_platform)
    else:
        yield from (_one(case, platform, found) for platform, found in by_platform.items())
    yield from _sdist(case)


def _one(case: Case, platform: Platform, found: Sequence[Lost]) -> Blocker:
    files = list(dict.fromkeys(one.filename for one in found))
    who = _PEOPLE.get(platform.label, platform.label)
    had = f"{case.before.version} had {listed(files)}."
    return Blocker(
        Code.NOT_AS_LAST_TIME,
        "Missing wheel" if len(files) == 1 else "Missing wheels",
        f"{who} {_EFFECTS[found[0].effect]} on {_pythons(one.environment for one in found)}. {had}",
        "CI, or you",
        subject=f"{_pythons(one.environment for one in found)} · {platform.label}",
        decision=DecisionKind.WITHOUT,
        what=tuple(one.place for one in found),
    )


def _many(case: Case, by_platform: dict[Platform, list[Lost]]) -> Blocker:
    found = [one for each in by_platform.values() for one in each]
    files = list(dict.fromkeys(one.filename for one in found))
    people = ", ".join(_PEOPLE.get(platform.label, platform.label) for platform in by_platform)
    total = sum(file.filename.endswith(".whl") for file in case.before.last_files)
    return Blocker(
        Code.NOT_AS_LAST_TIME,
        "Missing wheels",
        f"{len(files)} of the {total} wheels that {case.before.version} had have no successor here. "
        f"{people} {_EFFECTS[found[0].effect]}.",
        "CI, or you",
        subject=f"{len(by_platform)} platforms",
        decision=DecisionKind.WITHOUT,
        what=tuple(one.place for one in found),
    )


def _pythons(found: Iterable[Environment]) -> str:
    """Write Pythons in a row: ``CPython 3.11, 3.12 and pp311``."""
    labels = [environment.python.label for environment in found]
    cpython = "CPython " if labels[0][0].isdigit() else ""
    return f"{cpython}{', '.join(labels[:-1])}{' and ' if len(labels) > 1 else ''}{labels[-1]}"


def _sdist(case: Case) -> Iterator[Blocker]:
    if not case.files or case.before.adds:
        return
    name = lost_sdist(audience.offers(case.files), audience.offers(case.before.last_files))
    if name and SDIST not in case.decided(DecisionKind.WITHOUT):
        yield Blocker(
            Code.NOT_AS_LAST_TIME,
            "Missing sdist",
            f"Whoever has no wheel, and whoever builds packages for a distribution, could not build it. "
            f"{case.before.version} had {name}.",
            "CI, or you",
            subject=SDIST,
            decision=DecisionKind.WITHOUT,
            what=(SDIST,),
        )


def as_patterns(case: Case) -> Iterator[Blocker]:
    project = case.draft.project
    if not case.draft.is_live or project.expected_files != ExpectedFiles.PATTERNS or not case.files:
        return
    decided = case.decided(DecisionKind.WITHOUT)
    there = audience.offers([*case.files, *case.before.same_files])
    for pattern in unmatched(project.expected_patterns, there):
        if pattern not in decided:
            yield Blocker(
                Code.PATTERN_MISSING,
                "Missing file",
                f"no file matches {pattern}, which the project’s settings expect.",
                "CI, or you",
                subject=pattern,
                decision=DecisionKind.WITHOUT,
                what=(pattern,),
            )

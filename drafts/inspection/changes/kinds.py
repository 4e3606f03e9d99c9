"""Which kinds of files came and went, summed up as people would: other tags, whole Pythons, whole platforms."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from drafts.dist.platforms import Platform, platforms_of
from drafts.inspection.changes.change import Change, ChangeKind
from drafts.models import File

_FEW = 2  # wheels of one Python or platform that are still named one by one


class _Wheel(NamedTuple):
    filename: str
    python: str
    platform: str

    @property
    def places(self) -> frozenset[Platform]:
        return frozenset(place for tag in self.platform.split(".") for place in platforms_of(tag))


def changes(now: Sequence[File], last: Sequence[File]) -> Iterator[Change]:
    """Yield what came and went; a wheel that only has other tags for the same people is neither."""
    before = {file.identity: file.filename for file in last}
    after = {file.identity: file.filename for file in now}
    gone = [before[identity] for identity in sorted(set(before) - set(after), key=before.__getitem__)]
    new = [after[identity] for identity in sorted(set(after) - set(before), key=after.__getitem__)]
    gone_wheels, new_wheels = _wheels(gone), _wheels(new)
    yield from _other_tags(gone_wheels, new_wheels)
    yield from _summed(
        gone_wheels, _wheels(before.values()), "No {} wheels any more", "No file of this kind any more"
    )
    yield from _summed(new_wheels, _wheels(after.values()), "New {} wheels", "New kind of file")
    yield from (
        Change(ChangeKind.FILES, "No sdist any more", name) for name in gone if not name.endswith(".whl")
    )
    yield from (Change(ChangeKind.FILES, "New: an sdist", name) for name in new if not name.endswith(".whl"))


def _wheels(names: Iterable[str]) -> list[_Wheel]:
    found = []
    for name in names:
        if name.endswith(".whl"):
            python, abi, platform = name.removesuffix(".whl").rsplit("-", 3)[1:]
            found.append(_Wheel(name, f"{python}-{abi}", platform))
    return found


def _other_tags(gone: list[_Wheel], new: list[_Wheel]) -> Iterator[Change]:
    """Pair wheels of one Python and platform, and take them out of both lists."""
    pairs: dict[tuple[str, str], list[str]] = {}
    for old in list(gone):
        same = next((one for one in new if one.python == old.python and one.places & old.places), None)
        if same is not None:
            gone.remove(old)
            new.remove(same)
            pairs.setdefault((old.platform, same.platform), []).append(old.python)
    for old in list(gone):
        same = next((one for one in new if one.platform == old.platform == "any"), None)
        if same is not None:
            gone.remove(old)
            new.remove(same)
            pairs.setdefault((f"{old.python}-any", f"{same.python}-any"), []).append(old.python)
    for (before, after), pythons in pairs.items():
        which = f"{len(pythons)} wheels" if len(pythons) > 1 else f"1 wheel ({pythons[0]})"
        yield Change(ChangeKind.FILES, f"Other tags in {which}", f"{before} → {after}")


def _summed(some: list[_Wheel], every: list[_Wheel], several: str, single: str) -> Iterator[Change]:
    """Yield a line for each Python, then for each platform, of which all wheels are among these; then the rest."""
    keys: tuple[Callable[[_Wheel], str], ...] = (lambda one: one.python, lambda one: one.platform)
    for key in keys:
        for word in dict.fromkeys(key(one) for one in some):
            these = [one for one in some if key(one) == word]
            if len(these) > _FEW and len(these) == sum(key(one) == word for one in every):
                yield Change(ChangeKind.FILES, several.format(word), f"{len(these)} wheels")
                some[:] = [one for one in some if key(one) != word]
    yield from (Change(ChangeKind.FILES, single, one.filename) for one in some)

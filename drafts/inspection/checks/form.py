"""The upload's form against the metadata inside: an index that believes the form shows something else than what installs."""

from collections.abc import Callable, Iterator, Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from drafts.dist.errors import shown
from drafts.inspection.checks.subject import Found, Subject
from drafts.inspection.codes import Code

_LONGEST = 80
_ONE = (
    "version",
    "summary",
    "license",
    "license_expression",
    "description_content_type",
    "home_page",
    "author",
    "author_email",
    "maintainer",
    "maintainer_email",
)


def differs(subject: Subject) -> Iterator[Found]:
    """Every field that the form has says what the metadata say; what it leaves out is no difference."""
    for name in subject.form:
        inside = _inside(subject, name)
        if inside is not None and _spelled(name, subject.form[name]) != _spelled(name, inside):
            yield Found(
                Code.FORM_DIFFERS,
                f"The form says {name} {_said(subject.form[name], inside)}, the file {_said(inside, subject.form[name])}.",
            )


def _inside(subject: Subject, name: str) -> Sequence[str] | None:
    """Return what the file says of a field; None for one that is not compared."""
    metadata = subject.metadata
    if name == "pyversion":
        return sorted({tag.interpreter for tag in subject.name.tags}) if subject.is_wheel else None
    if name in _ONE or name == "requires_python":
        value: str | None = getattr(metadata, name)
        return [value] if value else []
    if name in {"requires_dist", "provides_extra", "classifiers"}:
        return list(getattr(metadata, name))
    return None


def _spelled(name: str, values: Sequence[str]) -> frozenset[str]:
    """Return values so that two ways to write the same are equal."""
    if name == "pyversion":
        return frozenset(part for value in values for part in value.split("."))
    return frozenset(_SPELLINGS.get(name, _plainly)(value) for value in values)


def _plainly(value: str) -> str:
    return " ".join(value.split())[:1000].rstrip()


def _as_specifier(value: str) -> str:
    try:
        return str(SpecifierSet(value))
    except InvalidSpecifier:
        return _plainly(value)


def _as_requirement(value: str) -> str:
    try:
        return str(Requirement(value))
    except InvalidRequirement:
        return _plainly(value)


def _as_extra(value: str) -> str:
    return value.strip().lower().replace("_", "-").replace(".", "-")


_SPELLINGS: dict[str, Callable[[str], str]] = {
    "requires_python": _as_specifier,
    "requires_dist": _as_requirement,
    "provides_extra": _as_extra,
}


def _said(values: Sequence[str], others: Sequence[str]) -> str:
    """Write the values that the other side has not."""
    own = [value for value in values if value not in others]
    text = ", ".join(shown(value) for value in own)
    return (
        f"'{text[:_LONGEST]}{'…' if len(text) > _LONGEST else ''}'"
        if text
        else "nothing else"
        if values
        else "nothing"
    )

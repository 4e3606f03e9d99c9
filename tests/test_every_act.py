"""Promise 7, read from the code: every transaction that a function opens ends in an event, or stands in a list that says why not."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
RECORD = "accounts.audit.record"
Function = ast.FunctionDef | ast.AsyncFunctionDef

# Transactions that are no acts of anybody, or whose event is written elsewhere.
EXEMPT: dict[str, str] = {
    "accounts.audit.forget_origins": "addresses beside the chain end after 90 days, as was told when they came",
    "accounts.passkeys._spend": "a try counts even when the act fails; the act has the event",
    "accounts.totp._spend": "a try counts even when the act fails; the act has the event",
    "drafts.access.groups._joined": "a savepoint of the act, which has the event",
    "drafts.access.oidc.mint._spend": "an identity is spent even when nothing is minted; minting has the event",
    "drafts.evidence.attested.lookup._fail": "a question to the provider had no answer; the search has the event",
    "drafts.evidence.attested.lookup._wait": "a question to the provider is asked again later",
    "drafts.evidence.owners._wait": "a question to the provider is asked again later",
    "drafts.evidence.sources.test_again": "a question to the provider, which changes nothing that anybody decided",
    "drafts.evidence.waiting._forget_of": "what waited for a draft that never came, and was on record as waiting",
    "drafts.index.pages.page_of": "the same rows rendered anew by a newer program",
    "drafts.inspection.installability.resolve._settle": "an answer that is computed and asked again",
    "drafts.intake.runs.hooks._refuse": "a message that nobody signed is counted where owners look; it changes nothing else",
    "drafts.intake.runs.ending.wait": "a question to the provider is asked again later",
    "drafts.intake.upload2.complete.begin": "bytes on their way; the file that comes of them has the event",
    "drafts.intake.upload2.parts.append": "bytes on their way; the file that comes of them has the event",
    "drafts.intake.upload2.parts.attest": "words on their way; the file that comes of them has the event",
    "drafts.intake.upload2.parts.replace": "bytes on their way; the file that comes of them has the event",
    "drafts.models.jobs.enqueue": "a job in the act's own transaction, which has the event",
    "drafts.notify.deliver._over": "a message went, or will be tried again; what it tells of has the event",
    "drafts.notify.mail._finish": "letters went, or wait; what they tell of has the event",
    "drafts.notify.mail._take": "letters on their way; what they tell of has the event",
    "drafts.publishing.orders.job._wait": "an order waits for what may still come; publishing has the event",
    "drafts.publishing.ready.quiet": "what a letter needs to be sent once; approving has the event",
    "drafts.publishing.ready.work": "a letter that a draft waits for people; it changes nothing of the draft",
    "drafts.publishing.targets.rows.later": "a delivery is tried again later; its end has the event",
    "drafts.publishing.targets.rows.sending": "a file on its way upstream; the end of the push has the event",
    "drafts.publishing.windows.work": "a page rendered anew because time passed; the rule has the event",
}


@dataclass
class Module:
    """One file: its functions by name, methods as Class.name, and what its imported names stand for."""

    name: str
    functions: dict[str, Function] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


def _module(path: Path) -> Module:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    module = Module(name)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            module.names |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            module.names |= {
                alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names
            }
    for node in tree.body:
        if isinstance(node, Function):
            module.functions[node.name] = node
        elif isinstance(node, ast.ClassDef):
            methods = [one for one in node.body if isinstance(one, Function)]
            module.functions |= {f"{node.name}.{one.name}": one for one in methods}
    return module


@cache
def modules() -> dict[str, Module]:
    """Every module of the program."""
    paths = [*(ROOT / "drafts").rglob("*.py"), *(ROOT / "accounts").rglob("*.py")]
    found = [_module(path) for path in paths if "migrations" not in path.parts]
    return {module.name: module for module in found}


def resolved(name: str) -> str:
    """Follow names that a package hands on to where the function is written."""
    for _ in range(5):
        home, _, last = name.rpartition(".")
        module = modules().get(home)
        if module is None or last in module.functions or last not in module.names:
            return name
        name = module.names[last]
    return name


def _called(module: Module, node: ast.AST) -> Iterator[str]:
    """Yield the whole names of what a piece of code calls."""
    for call in ast.walk(node):
        if not isinstance(call, ast.Call):
            continue
        match call.func:
            case ast.Name(id=name):
                yield f"{module.name}.{name}" if name in module.functions else module.names.get(name, name)
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                yield f"{module.names.get(owner, owner)}.{name}"


def _is_atomic(node: ast.expr) -> bool:
    return ast.unparse(node.func if isinstance(node, ast.Call) else node) == "transaction.atomic"


def transactions() -> Iterator[tuple[str, Module, Function]]:
    """Yield every function that opens a transaction, as a decorator or inside."""
    for module in modules().values():
        for name, node in module.functions.items():
            inside = (
                item.context_expr for one in ast.walk(node) if isinstance(one, ast.With) for item in one.items
            )
            if any(map(_is_atomic, node.decorator_list)) or any(map(_is_atomic, inside)):
                yield f"{module.name}.{name}", module, node


@cache
def records(name: str, depth: int = 8) -> bool:
    """Say whether a function writes an event, itself or through what it calls."""
    name = resolved(name)
    if name == RECORD:
        return True
    home, _, last = name.rpartition(".")
    module = modules().get(home)
    if module is None or last not in module.functions or not depth:
        return False
    return any(records(one, depth - 1) for one in _called(module, module.functions[last]))


def silent() -> set[str]:
    """The transactions that end without an event."""
    found = set()
    for name, module, node in transactions():
        if not any(records(one) for one in _called(module, node)):
            found.add(name)
    return found


def test_there_are_acts_to_look_at():
    names = {name for name, _, _ in transactions()}
    assert {"drafts.publishing.publish.start", "drafts.intake.stage.add_file", "accounts.people.add"} <= names
    assert len(names) > 60


def test_every_transaction_leaves_an_event():
    """It is true that a function which opens a transaction and records nothing is named above, with its reason."""
    assert silent() == set(EXEMPT)


@pytest.mark.parametrize("name", sorted(EXEMPT))
def test_a_reason_is_given(name):
    assert len(EXEMPT[name].split()) > 3

"""Verdicts: what all evidence together says about each staged file."""

from __future__ import annotations

import pytest

from drafts.evidence.compare import (
    Claim,
    Printed,
    Rank,
    Staged,
    Verdict,
    Why,
    compare,
    matched_algorithm,
)

W = "foo-1.0-py3-none-any.whl"
T = "foo-1.0.tar.gz"
SHA, BLAKE, OTHER, OLD, MD5 = "a" * 64, "b" * 64, "c" * 64, "d" * 64, "e" * 32
CI, MIKE = "token:1", "person:2"
WHEEL = Staged(W, SHA, BLAKE, CI, frozenset({OLD}))
SDIST = Staged(T, "1" * 64, "2" * 64, MIKE)


def claim(digest=SHA, filename=W, *, rank=Rank.PASTED, by=MIKE, algorithm="sha256", log=1, line=1, **more):
    return Claim(log, rank, by, filename, algorithm, digest, line, **more)


def fetched(digest=SHA, *, run=1, attempt=1, job="build", commit="", rank=Rank.FETCHED, log=1, **more):
    """A claim out of the log of a job of a run."""
    printed = Printed(job, run, attempt, commit)
    return claim(digest, rank=rank, by=f"run:{run}", log=log, printed=printed, **more)


OWN = {"by": CI, "rank": Rank.FETCHED}  # added by the token that staged the wheel

RULES = [
    ("no evidence at all", [], Verdict.NONE, None),
    ("the same digest", [claim()], Verdict.MATCH, Rank.PASTED),
    ("another digest", [claim(OTHER)], Verdict.MISMATCH, Rank.PASTED),
    ("two logs that disagree", [claim(), claim(OTHER, log=2)], Verdict.CONFLICT, Rank.PASTED),
    (
        "a stronger log does not outvote a weaker",
        [claim(rank=Rank.ATTESTED), claim(OTHER)],
        Verdict.CONFLICT,
        Rank.ATTESTED,
    ),
    ("the best rank of those that agree", [claim(), claim(rank=Rank.CI, log=2)], Verdict.MATCH, Rank.CI),
    ("sha256 that is BLAKE2", [claim(BLAKE)], Verdict.MATCH, Rank.PASTED),
    ("BLAKE2 by its name", [claim(BLAKE, algorithm="blake2b_256")], Verdict.MATCH, Rank.PASTED),
    ("SHA-256 called BLAKE2", [claim(SHA, algorithm="blake2b_256")], Verdict.MISMATCH, Rank.PASTED),
    ("self alone, the same", [claim(**OWN)], Verdict.MATCH, Rank.SELF),
    ("self alone, another", [claim(OTHER, **OWN)], Verdict.MISMATCH, Rank.SELF),
    ("self alone, both", [claim(**OWN), claim(OTHER, **OWN)], Verdict.CONFLICT, Rank.SELF),
    ("a rank that is self already", [claim(rank=Rank.SELF)], Verdict.MATCH, Rank.SELF),
    ("self does not break a match", [claim(), claim(OTHER, **OWN)], Verdict.MATCH, Rank.PASTED),
    ("self does not mend a mismatch", [claim(OTHER), claim(**OWN)], Verdict.MISMATCH, Rank.PASTED),
    ("an earlier upload, which what is staged replaced", [claim(OLD)], Verdict.MISMATCH, Rank.PASTED),
    ("an earlier upload, then this one", [claim(OLD), claim(log=2)], Verdict.MATCH, Rank.PASTED),
    (
        "an earlier upload, then this one by a weaker word",
        [claim(OLD, rank=Rank.CI), claim(log=2)],
        Verdict.CONFLICT,
        Rank.CI,
    ),
    (
        "an earlier upload, then this one by a better word",
        [claim(OLD), claim(rank=Rank.CI, log=2)],
        Verdict.MATCH,
        Rank.CI,
    ),
    ("MD5", [claim(MD5, algorithm="md5")], Verdict.NONE, None),
    ("SHA-512", [claim("f" * 128, algorithm="sha512")], Verdict.NONE, None),
    ("SHA3 of the same length", [claim(OTHER, algorithm="sha3_256")], Verdict.NONE, None),
    ("SHA3 with the same digits", [claim(SHA, algorithm="sha3_256")], Verdict.NONE, None),
    ("MD5 beside a match", [claim(MD5, algorithm="md5"), claim()], Verdict.MATCH, Rank.PASTED),
    ("seen without a name", [claim(filename=None)], Verdict.MISSING, None),
    ("a stranger's digest without a name", [claim(OTHER, None)], Verdict.NONE, None),
    (
        "without a name, and named otherwise",
        [claim(filename=None), claim(OTHER)],
        Verdict.MISMATCH,
        Rank.PASTED,
    ),
    ("a log about other distributions", [claim(OTHER, T)], Verdict.MISSING, None),
    ("weak evidence about other distributions", [claim(MD5, T, algorithm="md5")], Verdict.NONE, None),
    ("a log about other files", [claim(OTHER, "README.md")], Verdict.NONE, None),
    ("a name that only begins so", [claim(OTHER, f"{W}.publish.attestation")], Verdict.NONE, None),
    ("a name in other case", [claim(OTHER, W.upper())], Verdict.NONE, None),
]

HIDDEN, ASIDE = {"hidden": True}, {"aside": True}
TOKENS = {"of_own_files": True, "rank": Rank.SELF}  # posted with an upload token
MORE_RULES = [
    ("hidden text alone, the same", [claim(**HIDDEN)], Verdict.MISSING, None),
    ("hidden text alone, another", [claim(OTHER, **HIDDEN)], Verdict.MISSING, None),
    ("hidden text against a match", [claim(), claim(OTHER, **HIDDEN)], Verdict.CONFLICT, Rank.PASTED),
    ("hidden text does not mend a mismatch", [claim(OTHER), claim(**HIDDEN)], Verdict.MISMATCH, Rank.PASTED),
    ("hidden text raises no rank", [claim(), fetched(**HIDDEN)], Verdict.MATCH, Rank.PASTED),
    ("hidden by who staged it", [claim(), claim(OTHER, **OWN, **HIDDEN)], Verdict.MATCH, Rank.PASTED),
    ("hidden digest without a name", [claim(filename=None, **HIDDEN)], Verdict.NONE, None),
    ("a hidden earlier upload", [claim(), claim(OLD, **HIDDEN)], Verdict.MATCH, Rank.PASTED),
    ("set aside alone", [claim(OTHER, **ASIDE)], Verdict.NONE, None),
    ("set aside beside a match", [claim(), claim(OTHER, **ASIDE)], Verdict.MATCH, Rank.PASTED),
    ("a match that is set aside", [claim(**ASIDE), claim(OTHER)], Verdict.MISMATCH, Rank.PASTED),
    ("set aside and hidden", [claim(), claim(OTHER, **ASIDE, **HIDDEN)], Verdict.MATCH, Rank.PASTED),
    ("an upload token about its own file", [claim(by=CI, **TOKENS)], Verdict.MATCH, Rank.SELF),
    ("an upload token about another's file", [claim(by="token:9", **TOKENS)], Verdict.NONE, None),
    ("an upload token against another's file", [claim(OTHER, by="token:9", **TOKENS)], Verdict.NONE, None),
    (
        "an upload token beside a match",
        [claim(), claim(OTHER, by="token:9", **TOKENS)],
        Verdict.MATCH,
        Rank.PASTED,
    ),
    (
        "a newer run of the job",
        [fetched(OTHER, run=1), fetched(run=2, log=2)],
        Verdict.MATCH,
        Rank.FETCHED,
    ),
    (
        "an older run of the job",
        [fetched(run=1), fetched(OTHER, run=2, log=2)],
        Verdict.MISMATCH,
        Rank.FETCHED,
    ),
    (
        "a newer attempt",
        [fetched(OTHER, attempt=1), fetched(attempt=2, log=2)],
        Verdict.MATCH,
        Rank.FETCHED,
    ),
    (
        "a newer run of another job",
        [fetched(OTHER, job="test"), fetched(run=2, log=2)],
        Verdict.CONFLICT,
        Rank.FETCHED,
    ),
    (
        "a newer run that ranks as pasted takes no place",
        [fetched(OTHER), fetched(run=2, rank=Rank.PASTED, log=2)],
        Verdict.CONFLICT,
        Rank.FETCHED,
    ),
    (
        "a newer run that is set aside takes no place",
        [fetched(), fetched(OTHER, run=2, log=2, **ASIDE)],
        Verdict.MATCH,
        Rank.FETCHED,
    ),
    (
        "a newer run that only hides it takes no place",
        [fetched(OTHER), fetched(run=2, log=2, **HIDDEN)],
        Verdict.MISMATCH,
        Rank.FETCHED,
    ),
    (
        "hidden text of a superseded run",
        [fetched(OTHER, run=1, **HIDDEN), fetched(run=2, log=2)],
        Verdict.MATCH,
        Rank.FETCHED,
    ),
    ("a newer run that says the same", [fetched(), fetched(run=2, log=2)], Verdict.MATCH, Rank.FETCHED),
]


@pytest.mark.parametrize(("claims", "verdict", "rank"), [pytest.param(*r[1:], id=r[0]) for r in MORE_RULES])
def test_what_counts_follows_where_a_claim_comes_from(claims, verdict, rank):
    """It is true that a line counts only as far as whoever wrote it can be believed."""
    test_the_verdict_follows_the_rules_whatever_the_order(claims, verdict, rank)


BUILT = Staged(W, SHA, BLAKE, CI, commit="3f2c1ab")


def test_a_run_of_another_commit_ranks_as_pasted():
    """It is true that a run which did not build the file's commit proves no more than pasted text."""
    file = compare([BUILT], [fetched(commit="9999999")]).files[W]
    assert (file.verdict, file.rank, file.agreeing[0].why) == (
        Verdict.MATCH,
        Rank.PASTED,
        Why.OTHER_COMMIT,
    )
    assert compare([BUILT], [fetched(commit="3f2c1ab")]).files[W].rank == Rank.FETCHED
    assert compare([WHEEL], [fetched(commit="9999999")]).files[W].rank == Rank.FETCHED


def test_a_newer_run_of_another_commit_takes_no_place():
    claims = [fetched(commit="3f2c1ab"), fetched(OTHER, run=2, commit="9999999", log=2)]
    assert compare([BUILT], claims).files[W].verdict is Verdict.CONFLICT


def test_what_does_not_count_says_why():
    """It is true that nothing disappears: each claim that decides nothing is kept with its reason."""
    claims = [
        claim(aside=True),
        claim(by="token:9", line=2, **TOKENS),
        claim(hidden=True, line=3),
        fetched(OTHER, run=1, line=4),
        fetched(run=2, log=2),
    ]
    file = compare([WHEEL], claims).files[W]
    assert {one.why for one in file.uncounted} == {
        Why.SET_ASIDE,
        Why.NOT_ITS_FILE,
        Why.HIDDEN,
        Why.SUPERSEDED,
    }


def test_a_demand_is_met_by_its_rank_or_a_better_one():
    comparison = compare([WHEEL, SDIST], [claim(rank=Rank.CI), claim("1" * 64, T, by=CI, log=2)])
    assert [one.filename for one in comparison.short_of(Rank.PASTED)] == []
    assert [one.filename for one in comparison.short_of(Rank.CI)] == [T]
    assert [one.filename for one in comparison.short_of(Rank.FETCHED)] == [W, T]


@pytest.mark.parametrize(("claims", "verdict", "rank"), [pytest.param(*r[1:], id=r[0]) for r in RULES])
def test_the_verdict_follows_the_rules_whatever_the_order(claims, verdict, rank):
    for order in (claims, claims[::-1]):
        file = compare([WHEEL], order).files[W]
        assert (file.verdict, file.rank) == (verdict, rank)


def test_each_claim_is_kept_under_what_it_is():
    agreeing, disagreeing, earlier = claim(line=1), claim(OTHER, line=2), claim(OLD, line=3)
    unnamed, weak = claim(BLAKE, None, line=4), claim(MD5, algorithm="md5", line=5)
    file = compare([WHEEL], [weak, unnamed, earlier, disagreeing, agreeing]).files[W]
    assert (file.agreeing, file.disagreeing, file.earlier) == ((agreeing,), (disagreeing,), (earlier,))
    assert (file.unnamed, file.weak) == ((unnamed,), (weak,))


def test_claims_stand_best_first_with_the_rank_they_have_for_that_file():
    claims = [claim(**OWN), claim(log=3, line=9), claim(log=3, line=2), claim(rank=Rank.CI, log=4)]
    agreeing = compare([WHEEL], claims).files[W].agreeing
    assert [(c.rank, c.log, c.line) for c in agreeing] == [
        (Rank.CI, 4, 1),
        (Rank.PASTED, 3, 2),
        (Rank.PASTED, 3, 9),
        (Rank.SELF, 1, 1),
    ]


def test_the_same_person_is_independent_of_files_that_others_staged():
    claims = [claim(by=MIKE), claim("1" * 64, T, by=MIKE)]
    files = compare([WHEEL, SDIST], claims).files
    assert (files[W].rank, files[T].rank) == (Rank.PASTED, Rank.SELF)
    assert files[T].verdict is Verdict.MATCH


def test_a_digest_that_returned_after_it_was_replaced_counts():
    again = Staged(W, SHA, BLAKE, CI, frozenset({SHA, OTHER}))
    assert compare([again], [claim()]).files[W].verdict is Verdict.MATCH


def test_a_digest_of_another_name_is_not_an_earlier_upload():
    assert compare([WHEEL, SDIST], [claim(OLD, T)]).files[T].verdict is Verdict.MISMATCH


def test_distributions_that_the_draft_lacks_are_extra():
    lacking, other = claim(OTHER, "foo-1.0-cp313-win.whl"), claim(OTHER, "SHA256SUMS")
    comparison = compare([WHEEL], [lacking, other, claim()])
    assert comparison.extra == (lacking,)


def test_files_are_counted_by_verdict_and_only_independent_matches_count_as_matched():
    comparison = compare([WHEEL, SDIST], [claim(), claim("1" * 64, T, by=MIKE)])
    assert comparison.counts == {
        Verdict.MATCH: 2,
        Verdict.MISMATCH: 0,
        Verdict.CONFLICT: 0,
        Verdict.MISSING: 0,
        Verdict.NONE: 0,
    }
    assert comparison.matched == 1


def test_a_claim_without_a_name_is_kept_for_every_file_with_those_bytes():
    twin = Staged(T, SHA, BLAKE, MIKE)
    files = compare([WHEEL, twin], [claim(filename=None, by=CI)]).files
    assert files[W].unnamed[0].rank is Rank.SELF
    assert files[T].unnamed[0].rank is Rank.PASTED


@pytest.mark.parametrize(
    ("digest", "algorithm", "expected"),
    [
        (SHA, "sha256", "sha256"),
        (BLAKE, "sha256", "blake2b_256"),
        (BLAKE, "blake2b_256", "blake2b_256"),
        (OTHER, "sha256", None),
    ],
)
def test_it_is_said_which_algorithm_matched(digest, algorithm, expected):
    assert matched_algorithm(WHEEL, claim(digest, algorithm=algorithm)) == expected


def test_a_rank_has_a_word():
    assert [rank.label for rank in Rank] == ["self", "pasted", "ci", "fetched", "attested"]

"""What a label, header or document says about a policy, in one form, so that sources can be held against each other.

Sources differ in what they can say: CAWG names four uses apart, RSL has one word for both kinds of training, TDMRep has
one bit. A `Statement` is therefore about a set of uses: the strictest level among them is one of `levels`. Sources
contradict each other when no policy makes all their statements true.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import Final, TypeAlias

from provenance.core.errors import ContradictoryLabels
from provenance.credentials.labels.policy import Level, Permission, UsagePolicy, Use

OPEN: Final = frozenset({Level.ALLOWED})
RESERVED: Final = frozenset({Level.CONSTRAINED, Level.NOT_ALLOWED})

_Assignment: TypeAlias = Mapping[Use, Level]
_POLICIES: Final[tuple[_Assignment, ...]] = tuple(
    dict(zip(Use, levels, strict=True)) for levels in product(Level, repeat=len(Use))
)


@lru_cache(maxsize=512)
def _policies(uses: frozenset[Use], levels: frozenset[Level]) -> frozenset[int]:
    strictest = (max((policy[use] for use in uses), key=lambda level: level.rank) for policy in _POLICIES)
    return frozenset(number for number, level in enumerate(strictest) if level in levels)


@dataclass(frozen=True, slots=True)
class Statement:
    """`wording` is how the source puts it. `constraint` is the address that it gives for the conditions, if any."""

    source: str
    wording: str
    uses: frozenset[Use]
    levels: frozenset[Level]
    constraint: str | None = None

    @property
    def holds_for(self) -> frozenset[int]:
        """The policies that make it true, by their place among all."""
        return _policies(self.uses, self.levels)

    def __str__(self) -> str:
        return f"{self.source} says {self.wording!r}"


@dataclass(frozen=True, slots=True)
class Reading:
    """All that one source says. `facts` are texts by name, such as "digital source type" or "rights statement"."""

    source: str
    statements: tuple[Statement, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


def stated(source: str, wording: str, uses: Iterable[Use], levels: Iterable[Level]) -> Statement:
    return Statement(source, wording, frozenset(uses), frozenset(levels))


def permitted(source: str, use: Use, permission: Permission) -> Statement:
    """A source that speaks of one use and says exactly what may be done."""
    wording = f"{use}: {permission.level}" + (f" ({permission.constraint})" if permission.constraint else "")
    return Statement(source, wording, frozenset({use}), frozenset({permission.level}), permission.constraint)


def reading_of(policy: UsagePolicy) -> Reading:
    """The policy itself as a source: everything else has to agree with it."""
    return Reading("the policy", tuple(permitted("the policy", use, policy.permission(use)) for use in Use))


def consistent(readings: Iterable[Reading]) -> None:
    """Raises ContradictoryLabels, naming the smallest set of statements that can't be true together."""
    gathered = list(readings)
    statements = [statement for reading in gathered for statement in reading.statements]
    if not _satisfiable(statements):
        raise _contradiction(" but ".join(str(statement) for statement in _core(statements)))
    _same_constraints(statements)
    _same_facts(gathered)


def _satisfiable(statements: Sequence[Statement]) -> bool:
    return bool(frozenset(range(len(_POLICIES))).intersection(*(statement.holds_for for statement in statements)))


def _core(statements: Sequence[Statement]) -> list[Statement]:
    """Without any one of these the rest could be true."""
    core = list(statements)
    for statement in statements:
        rest = [other for other in core if other is not statement]
        if not _satisfiable(rest):
            core = rest
    return core


def _same_constraints(statements: Iterable[Statement]) -> None:
    seen: dict[Use, Statement] = {}
    for use, statement in _addressed(statements):
        first = seen.setdefault(use, statement)
        if first.constraint != statement.constraint:
            raise _contradiction(f"{first} but {statement}")


def _addressed(statements: Iterable[Statement]) -> Iterator[tuple[Use, Statement]]:
    for statement in statements:
        if statement.constraint is not None and len(statement.uses) == 1:
            yield next(iter(statement.uses)), statement


def _same_facts(readings: Iterable[Reading]) -> None:
    seen: dict[str, tuple[str, str]] = {}
    for reading in readings:
        for name, value in reading.facts.items():
            source, known = seen.setdefault(name, (reading.source, value))
            if known != value:
                raise _contradiction(f"the {name} is {known!r} in {source} but {value!r} in {reading.source}")


def _contradiction(reason: str) -> ContradictoryLabels:
    return ContradictoryLabels(f"labels contradict each other: {reason}", hint="label the file again from one policy")

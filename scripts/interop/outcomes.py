"""One line a verifier: what it said about our artworks."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from scripts.interop.registered import Registered


class Result(StrEnum):
    ACCEPTED = "ok"
    REFUSED = "FAILED"
    NOT_RUN = "not run"


class Refused(Exception):
    """The verifier did not accept what it should, or accepted what it should not."""


class NotRun(Exception):
    """The verifier is not on this machine; the text says how to get it."""


@dataclass(frozen=True, slots=True)
class Line:
    verifier: str
    claim: str
    result: Result
    said: str

    @property
    def json(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Verifier:
    """`run` answers what the verifier said, in a few words. Raises Refused, NotRun."""

    name: str
    claim: str
    run: Callable[[Registered], str]

    def line(self, registered: Registered) -> Line:
        """Whatever goes wrong inside a verifier counts as its refusal."""
        try:
            return Line(self.name, self.claim, Result.ACCEPTED, self.run(registered))
        except NotRun as error:
            return Line(self.name, self.claim, Result.NOT_RUN, str(error))
        except Exception as error:  # noqa: BLE001
            return Line(self.name, self.claim, Result.REFUSED, f"{type(error).__name__}: {error}"[:2000])


def expect(fact: object, otherwise: str) -> None:
    """Raises Refused unless `fact` is true."""
    if not fact:
        raise Refused(otherwise)


def table(lines: list[Line]) -> Iterator[str]:
    """Markdown."""
    yield "| verifier | what of ours | result | it said |"
    yield "|---|---|---|---|"
    for line in lines:
        yield f"| {line.verifier} | {line.claim} | {line.result} | {line.said.replace('|', '/')} |"


def as_json(lines: list[Line]) -> dict[str, Any]:
    return {"lines": [line.json for line in lines], "failed": sum(line.result is Result.REFUSED for line in lines)}

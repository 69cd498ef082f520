"""The checkpoint of a matching benchmark: every answer is on disk before the next query is asked.

One file of JSON lines for each edition, pass and method. Its first line says what the rows are of: queries (seed,
sizes, pictures, generator) and method (code, models, versions). Rows of anything else are refused.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts import attacks
from scripts.attacks.trial import Ask
from scripts.bench.matching_metrics import Row


class OtherRows(ValueError):
    """The file holds rows of another engine, seed, set of pictures or generator."""


@dataclass(frozen=True, slots=True)
class Key:
    stage: str
    number: int


class Rows:
    """One file. `again` throws rows of anything else away; without it they raise OtherRows. A last line that a killed
    run left unfinished is dropped."""

    def __init__(self, path: Path, about: dict[str, Any], *, again: bool = False) -> None:
        self._path = path
        self.rows: dict[Key, Row] = {}
        self.registrations: dict[str, float] = {}  # id -> CPU milliseconds
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = _whole_lines(path)
        if lines and json.loads(lines[0]) != json.loads(json.dumps(about)):
            if not again:
                raise OtherRows(f"{path} holds rows of another engine, seed or set of pictures: use --again or --json")
            lines = []
        for line in lines[1:]:
            self._take(json.loads(line))
        text = "".join(line + "\n" for line in (lines or [json.dumps(about)]))
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")

    def _take(self, body: dict[str, Any]) -> None:
        if "registered" in body:
            self.registrations[body["registered"]] = body["ms"]
            return
        row = Row(
            source=body["source"],
            group=body["group"],
            kinds=tuple(body["kinds"]),
            owner=body["owner"],
            answers=tuple((id_, score) for id_, score in body["answers"]),
            overlap=body["overlap"],
            milliseconds=body["ms"],
            claimed=tuple(body["claimed"]),
        )
        self.rows[Key(body["stage"], body["number"])] = row

    def _write(self, body: dict[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(body) + "\n")
        self._take(body)

    def has(self, ask: Ask) -> bool:
        return Key(ask.stage, ask.number) in self.rows

    def registered(self, id_: str, milliseconds: float) -> None:
        if id_ not in self.registrations:
            self._write({"registered": id_, "ms": round(milliseconds, 3)})

    def answered(self, ask: Ask, row: Row) -> None:
        self._write(
            {
                "stage": ask.stage,
                "number": ask.number,
                "source": row.source,
                "group": row.group,
                "kinds": row.kinds,
                "owner": row.owner,
                "answers": [(id_, round(score, 7)) for id_, score in row.answers],
                "overlap": round(row.overlap, 4),
                "ms": round(row.milliseconds, 3),
                "claimed": row.claimed,
            }
        )


def _whole_lines(path: Path) -> list[str]:
    if not path.exists():
        return []
    lines = path.read_text("utf-8").splitlines(keepends=True)
    return [line.rstrip("\n") for line in lines if line.endswith("\n")]


def generator_digest() -> str:
    """12 hex digits over the attack generator's code."""
    root = Path(attacks.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def names_digest(names: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:12]

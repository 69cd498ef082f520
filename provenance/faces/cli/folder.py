"""Checks of many files as one run: what was finished before is not done again, and what shows the same is said."""

import base64
import binascii
import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from provenance.core.bulk import UploadPrint
from provenance.core.digests import file_digest
from provenance.core.errors import InvalidRequest, Rejected, Unavailable
from provenance.core.types import Grade
from provenance.faces.cli.console import emit, note
from provenance.faces.cli.exits import Exit, exit_of
from provenance.usecases.look_alikes import Duplicates, GroupIndex, Looked, grouped, link

if TYPE_CHECKING:
    from provenance.core.types import Pixels

_FORMAT: Final = "provenance check 1"

Row = Mapping[str, Any]


class Finished:
    """A file of JSON lines: what the run is about, then one row a finished picture. A line that a kill cut off is done
    again; each row is handed to the system before the next picture begins."""

    def __init__(self, path: Path, licensee: str | None) -> None:
        """Raises InvalidRequest where the file is something else, or of a run for another licensee; Unavailable."""
        self.path = path
        self.rows: dict[str, Row] = {}
        head = {"format": _FORMAT, "licensee": licensee}
        try:
            whole = self._read(head)
            self._file = path.open("ab")
            self._file.truncate(whole)
            if not whole:
                self._write(head)
        except OSError as error:
            raise Unavailable(f"{path} can't be written: {error.strerror}") from error

    def add(self, row: Row) -> None:
        """Raises Unavailable."""
        try:
            self._write(row)
        except OSError as error:
            raise Unavailable(f"{self.path} can't be written: {error.strerror}") from error
        self.rows[row["file"]] = row

    def __enter__(self) -> "Finished":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """What it holds is on the disk then."""
        os.fsync(self._file.fileno())
        self._file.close()
        if kind is KeyboardInterrupt:
            note(f"go on with the same command and --resume {self.path}")

    def _read(self, head: Row) -> int:
        """The bytes of all whole lines."""
        if not self.path.exists():
            return 0
        lines = self.path.read_bytes().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")]
        rows = [self._parsed(line) for line in whole]
        if rows[:1] not in ([], [head]) or (lines and not whole):
            hint = "name another file, or delete this one"
            raise InvalidRequest(f"{self.path} is not of a run like this one", hint=hint)
        self.rows = {row["file"]: row for row in rows[1:]}
        return sum(map(len, whole))

    def _parsed(self, line: bytes) -> dict[str, Any]:
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict) or not ("format" in row or "file" in row):
            raise InvalidRequest(f"{self.path} is not a file of finished checks", hint="name another file")
        return row

    def _write(self, row: Row) -> None:
        self._file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        self._file.flush()


class FolderRun:
    """Counts, and the pictures of the run that show the same. With an `index` near duplicates are found too."""

    def __init__(self, *, finished: Finished | None = None, index: GroupIndex | None = None) -> None:
        self.grades: Counter[Grade] = Counter()
        self.before = 0
        self._finished = finished
        self._index = index
        self._looked: list[Looked] = []

    def earlier(self, name: str, data: bytes) -> Row | None:
        """What an earlier run said of the same bytes under the same name; from then on it is part of this run."""
        row = self._finished.rows.get(name) if self._finished else None
        if row is None or row["sha256"] != file_digest(data):
            return None
        self.before += 1
        if "grade" in row:
            self._count(row)
        return row

    def checked(self, name: str, report: Row, pixels: "Pixels | None") -> None:
        """`pixels` are looked for among those of the run before, where there is an index."""
        row: dict[str, Any] = {
            "file": name,
            "sha256": report["query"]["sha256"],
            "pixels_sha256": report["query"]["pixels_sha256"],
            "grade": report["grade"],
            "check_id": report["id"],
            "works": [match["work_id"] for match in report["matches"] if Grade(match["grade"]).is_match],
        }
        if self._index is not None and pixels is not None:
            alike = [match for match in self._index.alike(pixels) if Grade(match.grade).is_match]
            row |= {"links": [link(match) for match in alike], "models": self._index.models}
            row["print"] = base64.b64encode(self._index.describe(pixels)).decode()
        self._count(row)
        if self._finished:
            self._finished.add(row)

    def refused(self, name: str, data: bytes, error: Rejected) -> None:
        """Another attempt would say the same."""
        if self._finished:
            told = {"error": error.code, "reason": error.reason, "exit": int(exit_of(error))}
            self._finished.add({"file": name, "sha256": file_digest(data), **told})

    @property
    def duplicates(self) -> list[Duplicates]:
        return grouped(self._looked)

    def summed_up(self, named: int, *, as_json: bool) -> None:
        """How many of each grade there are, and what shows the same."""
        failed = named - self.grades.total()
        if as_json:
            groups = [{"kind": group.kind, "files": list(group.members)} for group in self.duplicates]
            counts = {str(grade): self.grades[grade] for grade in Grade if self.grades[grade]}
            told = {"pictures": named, "grades": counts, "failed": failed, "done_before": self.before}
            emit({"summary": {**told, "duplicates": groups}})
            return
        for group in self.duplicates:
            note(f"{group.kind}: {', '.join(group.members)}")
        counted = [f"{self.grades[grade]} {grade}" for grade in Grade if self.grades[grade]]
        counted += [f"{failed} could not be checked"] if failed else []
        note(f"{named} pictures: {', '.join(counted)}" + (f"; {self.before} done before" if self.before else ""))

    def _count(self, row: Row) -> None:
        self.grades[Grade(row["grade"])] += 1
        looked = Looked(
            member=row["file"],
            sha256=row["sha256"],
            pixels_sha256=row["pixels_sha256"],
            links=row.get("links", ()),
        )
        self._looked.append(looked)
        self._remember(row)

    def _remember(self, row: Row) -> None:
        """A print that other models made, or that is no print any more, is not compared with."""
        if self._index is None or row.get("models") != self._index.models:
            return
        try:
            data = base64.b64decode(row["print"], validate=True)
        except binascii.Error:
            return
        self._index.put([UploadPrint("folder", row["file"], row["models"], data)])


def ended(row: Row, *, fail_on_match: bool) -> Exit:
    """The exit code that a finished row stands for."""
    if "grade" not in row:
        return Exit(row["exit"])
    return Exit.ERROR if fail_on_match and Grade(row["grade"]).is_match else Exit.OK

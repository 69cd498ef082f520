"""Register artworks with a real service and hold everything that is claimed about them against other people's tools.

    python -m scripts.interop [--json] [--write] [--rubric-dir DIR] [--only NAME]

Prints one line a verifier. Exit code 1 when one refuses; with PROVENANCE_TEST_REQUIRE_ALL=1 also when one that can be
installed was not run. `--write` puts the table into docs/interop.md.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from scripts.interop import bindings, c2pa_readers, credentials_js, labels, logs, x509_tools
from scripts.interop.outcomes import Line, Result, Verifier, as_json, table
from scripts.interop.registered import registered

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "interop.md"
_BEGIN, _END = "<!-- table -->", "<!-- end of table -->"
_MODULES: Final = (c2pa_readers, x509_tools, credentials_js, logs, bindings, labels)
VERIFIERS: Final[tuple[Verifier, ...]] = (
    *(verifier for module in _MODULES for verifier in module.VERIFIERS),
    *credentials_js.LAST,
)
_BY_HAND: Final = frozenset({"C2PA conformance rubric 0.2 for 2.4"})  # in no package registry


def main() -> int:
    options = _options()
    if options.rubric_dir:
        os.environ[c2pa_readers.RUBRIC_VARIABLE] = str(options.rubric_dir.resolve())
    chosen = [verifier for verifier in VERIFIERS if not options.only or options.only in verifier.name]
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="interop-") as name, registered(Path(name)) as works:
        for verifier in chosen:
            lines.append(verifier.line(works))
            if not options.json:
                print(f"{lines[-1].result:8} {verifier.name} ({verifier.claim}): {lines[-1].said}", flush=True)
    if options.json:
        print(json.dumps(as_json(lines), indent=1))
    if options.write:
        write(lines)
    return int(any(_counts_as_failure(line) for line in lines))


def write(lines: list[Line], document: Path = DOCUMENT) -> None:
    """Put the table between its marks."""
    text = document.read_text("utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    made = f"*{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}*"
    document.write_text("\n".join([f"{before}{_BEGIN}", *table(lines), "", made, f"{_END}{after}"]), "utf-8")


def _counts_as_failure(line: Line) -> bool:
    required = os.environ.get("PROVENANCE_TEST_REQUIRE_ALL") == "1" and line.verifier not in _BY_HAND
    return line.result is Result.REFUSED or (line.result is Result.NOT_RUN and required)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--write", action="store_true", help="put the table into docs/interop.md")
    parser.add_argument("--rubric-dir", type=Path, help="a checkout of c2pa-org/conformance-public")
    parser.add_argument("--only", help="verifiers whose name holds this text")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

"""Documentation that has to keep up with the code: settings, routes, commands, error codes, plug-ins, links, languages.

`python -m scripts.check_docs` prints what is missing and exits 1.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import typer.main

from provenance import plugins
from provenance.core import errors
from provenance.faces.api import create_app
from provenance.faces.cli.app import app as command_line
from provenance.settings import Settings
from provenance.wiring import Service

ROOT: Final = Path(__file__).parents[1]
_LINK: Final = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
_MACHINE: Final = re.compile(r"/(?:home|root|Users|work)/[a-z]|\.\./shared|localhost:\d+/simple")


def missing() -> Iterator[str]:
    """One sentence for each thing that a document lacks."""
    yield from _absent("docs/settings.md", (f"PROVENANCE_{name.upper()}" for name in Settings.model_fields))
    yield from _absent("docs/api.md", _routes())
    yield from _absent("docs/cli.md", _commands())
    yield from _absent("docs/api.md", (f"`{error.code}`" for error in _tree(errors.ProvenanceError)))
    yield from _absent("docs/plugins.md", (f"provenance.{group}" for group in plugins.GROUPS))
    yield from _broken_links()
    yield from _unequal_languages()
    yield from _machine_paths()


def _absent(document: str, names: Iterator[str]) -> Iterator[str]:
    text = (ROOT / document).read_text("utf-8")
    for name in names:
        if name not in text:
            yield f"{document} does not mention {name}"


def _routes() -> Iterator[str]:
    schema = create_app(Service(Settings())).openapi()
    for path, methods in schema["paths"].items():
        for method in methods:
            yield f"{method.upper()} {path}"


def _commands() -> Iterator[str]:
    root = typer.main.get_command(command_line)
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        for sub in getattr(command, "commands", {None: command}):
            yield f"provenance {name}" if sub is None else f"provenance {name} {sub}"


def _tree(kind: type[errors.ProvenanceError]) -> Iterator[type[errors.ProvenanceError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _tree(child)


def _documents() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\n") if name and (ROOT / name).is_file()]


def _broken_links() -> Iterator[str]:
    for document in _documents():
        for target in _LINK.findall(document.read_text("utf-8")):
            if "://" not in target and not target.startswith("mailto:") and not (document.parent / target).exists():
                yield f"{document.relative_to(ROOT)} links to {target}, which is not there"


def _unequal_languages() -> Iterator[str]:
    """The two READMEs say the same: as many headings, pictures, commands and links."""
    counts = []
    for name in ("README.md", "README.zh.md"):
        text = (ROOT / name).read_text("utf-8")
        commands = re.findall(r"^make .*", text, re.M)
        links = sorted(link for link in _LINK.findall(text) if not link.startswith("README"))
        counts.append((text.count("\n#"), text.count("!["), links, commands))
    if counts[0] != counts[1]:
        yield f"README.md and README.zh.md differ in headings, pictures, links or commands: {counts}"


def _machine_paths() -> Iterator[str]:
    for document in _documents():
        for line in document.read_text("utf-8").splitlines():
            if _MACHINE.search(line):
                yield f"{document.relative_to(ROOT)} names a path of a machine: {line.strip()[:80]}"


def main() -> int:
    problems = list(missing())
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

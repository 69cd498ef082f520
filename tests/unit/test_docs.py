"""Documentation keeps up with the code: `scripts.check_docs` says what is missing, and says it when something is."""

from pathlib import Path

import pytest

from provenance import plugins
from provenance.core import errors
from provenance.settings import Settings
from scripts import check_docs


def test_nothing_is_missing() -> None:
    assert list(check_docs.missing()) == []


def test_every_setting_is_described() -> None:
    silent = [name for name, info in Settings.model_fields.items() if len(info.description or "") < 10]
    assert silent == []


def test_every_error_has_a_code_of_its_own() -> None:
    kinds: list[type[errors.ProvenanceError]] = [errors.ProvenanceError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    ours = [kind for kind in kinds if kind.__module__.startswith("provenance.")]
    codes = [kind.code for kind in ours]
    assert len(set(codes)) == len(codes)
    drawn = errors.__doc__ or ""
    assert [kind.__name__ for kind in ours if kind.__name__ not in drawn] == []


def test_the_default_of_every_setting_stands_in_its_document() -> None:
    lines = (check_docs.ROOT / "docs/settings.md").read_text("utf-8").splitlines()
    wrong = []
    for name, info in Settings.model_fields.items():
        row = next((line for line in lines if f"PROVENANCE_{name.upper()}`" in line), "")
        if isinstance(info.default, int | str) and not isinstance(info.default, bool):
            shown = f"{info.default}"
            if shown not in row.replace(",", "").replace(" ", "").replace("_", "") and shown not in row:
                wrong.append(f"{name}: {shown} is not in {row!r}")
    assert wrong == []


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the documents, to be damaged."""
    for document in check_docs._documents():
        copy = tmp_path / document.relative_to(check_docs.ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(document.read_bytes())
    names = [path.relative_to(tmp_path) for path in tmp_path.rglob("*.md")]
    monkeypatch.setattr(check_docs, "ROOT", tmp_path)
    monkeypatch.setattr(check_docs, "_documents", lambda: [tmp_path / name for name in names])
    return tmp_path


def _cut(path: Path, old: str, new: str = "") -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ("docs/settings.md", "PROVENANCE_MODEL_QUEUE"),
        ("docs/api.md", "POST /v1/checks"),
        ("docs/api.md", "`cannot-hold-mark`"),
        ("docs/cli.md", "provenance withdraw"),
        ("docs/plugins.md", f"provenance.{plugins.GROUPS[0]}"),
    ],
)
def test_what_a_document_leaves_out_is_named(docs: Path, document: str, word: str) -> None:
    _cut(docs / document, word)
    assert f"{document} does not mention {word}" in list(check_docs.missing())


def test_a_link_into_the_void_is_named(docs: Path) -> None:
    with (docs / "docs/api.md").open("a") as file:
        file.write("\nSee [the other page](never-written.md).\n")
    assert any("links to never-written.md" in problem for problem in check_docs.missing())


def test_a_path_of_somebodys_machine_is_named(docs: Path) -> None:
    with (docs / "docs/api.md").open("a") as file:
        file.write("\nI keep mine in /home/" + "me/art.\n")
    assert any("names a path of a machine" in problem for problem in check_docs.missing())


def test_a_language_that_falls_behind_is_named(docs: Path) -> None:
    with (docs / "README.md").open("a") as file:
        file.write("\n## One section more\n")
    assert any("README.zh.md differ" in problem for problem in check_docs.missing())


def test_the_gate_fails_with_the_list(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _cut(docs / "docs/settings.md", "PROVENANCE_HOME")
    assert check_docs.main() == 1
    assert "PROVENANCE_HOME" in capsys.readouterr().out

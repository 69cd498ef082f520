import ast
import string
from pathlib import Path

import pytest

import provenance.credentials as package
from provenance.core.errors import ContentMismatch
from provenance.credentials.messages import FINDINGS, STEPS, message, printable, refusal, step_title
from provenance.credentials.vc.verification import _STEPS, ContentMatch, Outcome, Step


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("finding", sorted(FINDINGS))
def test_both_languages_say_the_same_values(finding):
    english, chinese = FINDINGS[finding]
    assert fields(english) == fields(chinese)
    assert english.isascii()
    assert any("\u4e00" <= character <= "\u9fff" for character in chinese)


def test_every_step_has_a_title():
    assert list(STEPS) == list(_STEPS)
    assert step_title("time", "en") != step_title("time", "zh")


def used_findings():
    """The literal findings in the package's source."""
    for path in Path(package.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if name in ("_passed", "_skipped", "refusal"):
                argument = node.args[1 if name == "refusal" else 0]
                if isinstance(argument, ast.Constant):
                    yield argument.value


def test_the_catalogue_and_the_code_agree():
    used = set(used_findings())
    by_name = {"no-pin-fits", "unknown-key"} | {f"content-{match}" for match in ContentMatch}
    assert used | by_name == set(FINDINGS)


def test_values_of_a_hostile_document_are_shown_short_and_printable():
    text = message("unknown-key", "en", {"key": "\x1b[31m" + "k" * 500 + "\n"})
    assert text.isprintable()
    assert len(text) < 300
    assert printable("plain") == "plain"


def test_braces_in_values_are_values():
    assert "{path}" in message("field-missing", "en", {"path": "{path}"})


def test_a_refusal_carries_its_finding_for_other_languages():
    error = refusal(ContentMismatch, "content-differs", hint="look")
    assert (error.finding, error.hint, error.code) == ("content-differs", "look", "content-mismatch")
    step = Step(7, "content", Outcome.FAILED, error.finding, error.values, error.reason)
    assert step.text("en") == error.reason
    assert "并不意味着伪造" in step.text("zh")
    assert step.title() == "Compare the file"


def test_reasons_from_elsewhere_are_shown_as_they_are():
    assert Step(4, "signer", Outcome.FAILED, "", {}, "the key server said no").text("zh") == "the key server said no"

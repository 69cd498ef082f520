"""Errors become exit codes in one table, lines for people on stderr, and objects for programs on stdout."""

import errno
import json

import pytest

from provenance.core import errors
from provenance.faces.cli import app, console
from provenance.faces.cli.batch import each
from provenance.faces.cli.exits import Exit, exit_of
from tests.cli import cli


def tree(kind: type[errors.ProvenanceError]) -> list[type[errors.ProvenanceError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in tree(child))]


def an(kind: type[errors.ProvenanceError]) -> errors.ProvenanceError:
    return kind("reason", retry_after=1) if kind is errors.Busy else kind("reason")


CODES = {
    errors.Rejected: 1,
    errors.UnsupportedFormat: 1,
    errors.TooLarge: 1,
    errors.CannotHoldMark: 1,
    errors.Conflict: 1,
    errors.InvalidRequest: 2,
    errors.Misconfigured: 2,
    errors.VerificationError: 3,
    errors.Expired: 3,
    errors.ContentMismatch: 3,
    errors.ReceiptMismatch: 3,
    errors.LogRootMismatch: 3,
    errors.UntrustedSigner: 4,
    errors.NotFound: 5,
    errors.Unavailable: 6,
    errors.Busy: 6,
}


@pytest.mark.parametrize(("kind", "code"), CODES.items())
def test_each_error_has_its_code(kind, code):
    assert exit_of(an(kind)) == code


@pytest.mark.parametrize("kind", tree(errors.ProvenanceError))
def test_no_error_passes_for_success(kind):
    assert exit_of(an(kind)) in (1, 2, 3, 4, 5, 6)


class TestEach:
    def work(self, endings):
        def one(item):
            ending = endings[item]
            if isinstance(ending, BaseException):
                raise ending
            return ending

        return one

    def test_the_rest_goes_on_and_the_highest_code_is_reported(self, capsys):
        endings = {
            "a": errors.NotFound("gone"),
            "b": None,
            "c": errors.Rejected("no picture", hint="use PNG"),
            "d": Exit.OK,
        }
        done = []

        def one(item):
            done.append(item)
            return self.work(endings)(item)

        assert each(list(endings), one, label="doing", as_json=False) == Exit.NOT_FOUND
        assert done == ["a", "b", "c", "d"]
        told = "a: gone\nc: no picture\n  use PNG\n"
        assert capsys.readouterr().err == told + "2 of 4 failed:\n  1 not-found: gone\n  1 rejected: no picture\n"

    def test_many_errors_are_summed_up_by_their_kind(self, capsys):
        flat = [
            errors.CannotHoldMark("too flat"),
            errors.CannotHoldMark("too small"),
            errors.CannotHoldMark("too flat"),
        ]
        endings = {"a": errors.UnreadableImage("cut off"), **dict(zip("bcd", flat, strict=True)), "e": None}
        each(list(endings), self.work(endings), label="doing", as_json=False)
        *_, total, first, second = capsys.readouterr().err.splitlines()
        assert total == "4 of 5 failed:"
        assert first == "  3 cannot-hold-mark: too flat (and others)"
        assert second == "  1 unreadable-image: cut off"

    def test_ctrl_c_says_how_far_it_came(self, capsys):
        with pytest.raises(KeyboardInterrupt):
            each(["a", "b", "c"], self.work({"a": None, "b": KeyboardInterrupt()}), label="doing", as_json=False)
        assert capsys.readouterr().err == "stopped: 1 of 3 were done\n"

    def test_what_the_system_refuses_is_an_error_of_that_file(self, capsys):
        endings = {"a": OSError(errno.ENOSPC, "No space left on device", "x.png"), "b": Exit.ERROR}
        assert each(list(endings), self.work(endings), label="doing", as_json=False) == Exit.UNAVAILABLE
        assert "a: x.png: No space left on device" in capsys.readouterr().err

    def test_a_picture_that_takes_all_memory_does_not_stop_the_others(self, capsys):
        done = []

        def one(item):
            done.append(item)
            if item == "a":
                raise MemoryError

        assert each(["a", "b"], one, label="doing", as_json=True) == Exit.UNAVAILABLE
        assert done == ["a", "b"]
        assert json.loads(capsys.readouterr().out)["file"] == "a"

    def test_programs_get_one_object_a_file(self, capsys):
        endings = {"a": errors.Conflict("known", existing="pv-1")}
        each(list(endings), self.work(endings), label="doing", as_json=True)
        told = json.loads(capsys.readouterr().out)
        assert told.pop("milliseconds") >= 0
        assert told == {"error": "conflict", "reason": "known", "existing": "pv-1", "file": "a"}

    def test_a_defect_is_not_hidden(self):
        with pytest.raises(ZeroDivisionError):
            each(["a"], self.work({"a": ZeroDivisionError()}), label="doing", as_json=False)


class TestMain:
    @pytest.mark.parametrize(
        ("raised", "code", "told"),
        [
            (errors.Busy("full", retry_after=2), 6, "full"),
            (errors.Misconfigured("no key", hint="make one"), 2, "no key\n  make one"),
            (PermissionError(13, "Permission denied", "/data"), 6, "/data: Permission denied"),
            (ModuleNotFoundError("no", name="web3.exceptions"), 2, "provenance-art[chain]"),
            (ModuleNotFoundError("no", name="sqlmodel"), 2, "provenance-art[server]"),
            (KeyboardInterrupt(), 130, ""),
            (console.ReaderLeft(), 141, ""),
        ],
    )
    def test_what_a_command_raises_becomes_a_code_and_a_line(self, monkeypatch, raised, code, told):
        def fail(*_, **__):
            raise raised

        monkeypatch.setattr(app, "_invoke", fail)
        done = cli("show")
        assert (done.code, done.raw) == (code, b"")
        assert told in done.err
        assert "Traceback" not in done.err

    @pytest.mark.parametrize("defect", [ModuleNotFoundError("no", name="provenance.nothing"), ZeroDivisionError()])
    def test_a_defect_keeps_its_traceback(self, monkeypatch, defect):
        def fail(*_, **__):
            raise defect

        monkeypatch.setattr(app, "_invoke", fail)
        with pytest.raises(type(defect)):
            cli("show")

    @pytest.mark.parametrize("arguments", [("check",), ("check", "x", "--foo"), ("nonsense",), ("anchor", "surplus")])
    def test_wrong_usage_is_told_either_way(self, arguments):
        plain, as_json = cli(*arguments), cli(*arguments, "--json")
        assert (plain.code, as_json.code) == (2, 2)
        assert plain.raw == b""
        assert as_json.answer["error"] == "invalid-request"
        assert "--help" in plain.err + as_json.answer["hint"]

    def test_the_version(self):
        assert cli("--version").out.startswith("provenance ")

    @pytest.mark.parametrize("command", ["register", "generate", "check", "verify", "mark", "detect", "show", "anchor"])
    def test_every_command_explains_itself(self, command):
        done = cli(command, "--help")
        assert done.code == 0
        assert "--json" in done.out


class TestConsole:
    def test_nothing_in_a_name_steers_the_terminal(self, capsys):
        console.say("\x1b[2Jevil\r\x07.png")
        assert capsys.readouterr().out == "�[2Jevil��.png\n"

    def test_a_name_that_is_no_text_is_still_json(self, capsys):
        console.settle_streams()
        console.emit({"file": "\udcff.png"})
        assert capsys.readouterr().out == '{"file": "\\udcff.png"}\n'

    def test_columns_fit_wide_characters(self, capsys):
        console.rows(("owner", "id"), [("画廊", "1"), ("studio", "2")])
        assert capsys.readouterr().out.splitlines() == ["owner   id", "画廊    1", "studio  2"]

    def test_a_warning_is_one_line_and_told_once(self, capsys, recwarn):
        import warnings

        console.settle_streams()
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            console.settle_streams()
            for _ in range(3):
                warnings.warn("keys are kept unencrypted", UserWarning, stacklevel=1)
        assert capsys.readouterr().err == "warning: keys are kept unencrypted\n"

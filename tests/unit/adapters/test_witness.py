"""The state of our own witness, and the names of others."""

import json
from pathlib import Path

import pytest

from provenance.adapters.witness import HttpWitness, WitnessState
from provenance.core.errors import Misconfigured, Unavailable
from tests.unit.credentials.tlog.trees import LOG, WITNESSES

ROOT = bytes(range(32))


def test_it_is_remembered_over_a_restart(tmp_path: Path) -> None:
    state = WitnessState(tmp_path / "new" / "state.json")
    assert state.latest("log") is None
    state.remember("log", 7, ROOT)
    state.remember("日志", 9, ROOT)
    state.close()
    again = WitnessState(tmp_path / "new" / "state.json")
    assert again.latest("log") == (7, ROOT)
    assert again.latest("日志") == (9, ROOT)
    again.close()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    state = WitnessState(tmp_path / "state.json")
    with pytest.raises(Misconfigured, match="another witness"):
        WitnessState(tmp_path / "state.json")
    state.close()
    WitnessState(tmp_path / "state.json").close()


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"version": 2, "logs": {}},
        {"version": 1, "logs": []},
        {"version": 1, "logs": {"log": {}}},
        {"version": 1, "logs": {"log": {"size": "7", "root": ROOT.hex()}}},
        {"version": 1, "logs": {"log": {"size": -7, "root": ROOT.hex()}}},
        {"version": 1, "logs": {"log": {"size": True, "root": ROOT.hex()}}},
        {"version": 1, "logs": {"log": {"size": 7, "root": "00"}}},
        {"version": 1, "logs": {"log": {"size": 7, "root": "xx"}}},
    ],
)
def test_a_damaged_state_stops_the_witness(tmp_path: Path, document: object) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps(document))
    with pytest.raises(Misconfigured, match="damaged"):
        WitnessState(path)
    path.write_text("{")
    with pytest.raises(Misconfigured, match="damaged"):
        WitnessState(path)
    path.unlink()
    WitnessState(path).close()


def test_a_disk_that_refuses(tmp_path: Path) -> None:
    state = WitnessState(tmp_path / "folder" / "state.json")
    for path in (tmp_path / "folder").iterdir():
        path.unlink()
    (tmp_path / "folder").rmdir()
    with pytest.raises(Unavailable, match="can't be written"):
        state.remember("log", 7, ROOT)
    assert state.latest("log") is None
    state.close()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Misconfigured, match="can't be opened"):
        WitnessState(tmp_path / "file" / "state.json")
    (tmp_path / "state.json").mkdir()
    with pytest.raises(Misconfigured, match="can't be read"):
        WitnessState(tmp_path / "state.json")


def test_a_witness_is_an_address_and_a_cosignature_key() -> None:
    vkey = WITNESSES[0].public.text
    witness = HttpWitness.parse(f"https://w.example/w/ {vkey}")
    assert (witness.url, witness.vkey) == ("https://w.example/w", vkey)
    for line in ("", "https://w.example", f"w.example {vkey}", f"https://w.example {LOG.public.text}"):
        with pytest.raises(Misconfigured):
            HttpWitness.parse(line)

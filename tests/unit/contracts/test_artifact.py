import hashlib
import json
import re
from pathlib import Path

import pytest

import contracts
from contracts import UnknownContract, artifact

FOLDER = Path(contracts.__file__).parent


def test_the_artifact_is_of_the_pinned_compiler_and_settings():
    registry = artifact("ProvenanceRegistry")
    assert registry.name == "ProvenanceRegistry"
    assert registry.compiler.startswith("0.8.37+commit.")
    assert registry.settings == {"evmVersion": "cancun", "optimizer": {"enabled": True, "runs": 10_000}}


def test_the_artifact_is_of_the_sources_that_lie_beside_it():
    """Editing a source without `node contracts/build.mjs` fails here, where node is not needed."""
    committed = artifact("ProvenanceRegistry").source_sha256
    ours = {unit: digest for unit, digest in committed.items() if unit.startswith("src/")}
    on_disk = {
        f"src/{file.name}": hashlib.sha256(file.read_bytes()).hexdigest() for file in (FOLDER / "src").glob("*.sol")
    }
    assert ours == on_disk
    assert any(unit.startswith("@openzeppelin/contracts/") for unit in committed)


def test_deployment_code_carries_the_runtime_code():
    registry = artifact("ProvenanceRegistry")
    assert registry.runtime_bytecode in registry.bytecode
    assert 0 < len(registry.runtime_bytecode) < 24_576  # EIP-170


def test_the_abi_offers_what_the_adapter_calls_and_nothing_that_takes_money():
    abi = artifact("ProvenanceRegistry").abi
    names = {(entry["type"], entry.get("name")) for entry in abi}
    assert names == {
        ("function", "anchorBatch"),
        ("function", "anchors"),
        ("function", "verifyInclusion"),
        ("function", "leafHash"),
        ("event", "BatchAnchored"),
        ("error", "AlreadyAnchored"),
        ("error", "NoLeaves"),
        ("error", "ZeroRoot"),
    }
    assert not [entry for entry in abi if entry.get("stateMutability") == "payable"]


@pytest.mark.parametrize("name", ["NoSuchContract", "../package", "IProvenanceRegistry", ""])
def test_an_unknown_name_is_refused(name):
    with pytest.raises(UnknownContract):
        artifact(name)


def test_dependencies_are_pinned_exactly_and_name_no_registry():
    package = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in package["devDependencies"].values())
    lock = (FOLDER / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    locked = json.loads(lock)["packages"]
    for name, version in package["devDependencies"].items():
        assert locked[f"node_modules/{name}"]["version"] == version
    assert all("integrity" in entry for name, entry in locked.items() if name)

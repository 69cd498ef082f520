"""Solidity sources and their committed artifacts.

`artifact("ProvenanceRegistry")` reads what `node contracts/build.mjs` compiled. Nothing here needs node or web3.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["Artifact", "UnknownContract", "artifact"]


class UnknownContract(ValueError):
    """No artifact of that name was built."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract.

    `bytecode` is what a deployment sends, `runtime_bytecode` what then lies at the address (these contracts have no
    immutables and no libraries, so the two can be compared byte for byte). `source_sha256` maps each source unit, the
    imported ones too, to the SHA-256 hex digest of its text.
    """

    name: str
    abi: tuple[Mapping[str, Any], ...] = field(repr=False)
    bytecode: bytes = field(repr=False)
    runtime_bytecode: bytes = field(repr=False)
    compiler: str
    settings: Mapping[str, Any]
    source_sha256: Mapping[str, str] = field(repr=False)


@cache
def artifact(name: str) -> Artifact:
    """The committed artifact of a contract, by its Solidity name. Raises UnknownContract."""
    if not name.isidentifier():
        raise UnknownContract(f"{name!r} is not a contract name")
    file = files(__name__) / "artifacts" / f"{name}.json"
    if not file.is_file():
        raise UnknownContract(f"no artifact {name}: run node contracts/build.mjs")
    data = json.loads(file.read_text(encoding="utf-8"))
    return Artifact(
        name=data["contractName"],
        abi=tuple(data["abi"]),
        bytecode=_unhex(data["bytecode"]),
        runtime_bytecode=_unhex(data["deployedBytecode"]),
        compiler=data["compiler"],
        settings=data["settings"],
        source_sha256=data["sourceSha256"],
    )


def _unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))

"""What anchoring costs, in gas: deployment, a batch of 1 to 100,000 works, an inclusion check. Prints JSON and a table.

    python scripts/bench/ledger.py [--json FILE]

Runs on an in-process EVM (py-evm, prague rules) with the committed artifact. Gas is a property of the code and the
input: there is no seed, and the numbers are the same on every machine.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from eth_tester import EthereumTester, PyEVMBackend
from web3 import EthereumTesterProvider, Web3
from web3.contract import Contract

from contracts import Artifact, artifact
from provenance.core.types import WorkId
from provenance.credentials.vc.merkle import MerkleBatch, keccak256

BATCHES = (1, 10, 100, 1_000, 10_000, 100_000)
URI = "ipfs://" + "b" * 59  # the length of a CID version 1


@dataclass(frozen=True, slots=True)
class Row:
    """`works` is the batch size, 0 without a batch. `gas_per_work` is None where nobody pays per batch."""

    operation: str
    works: int
    gas: int
    gas_per_work: float | None = None


def deploy(web3: Web3, registry: Artifact) -> tuple[Contract, Row]:
    factory = web3.eth.contract(abi=list(registry.abi), bytecode=registry.bytecode)
    receipt = web3.eth.wait_for_transaction_receipt(factory.constructor().transact({"from": web3.eth.accounts[0]}))
    contract = web3.eth.contract(address=receipt["contractAddress"], abi=list(registry.abi))
    return contract, Row("deploy, once", 0, receipt["gasUsed"])


def anchor(contract: Contract, root: bytes, works: int, uri: str) -> Row:
    call = contract.functions.anchorBatch(root, works, uri)
    receipt = contract.w3.eth.wait_for_transaction_receipt(call.transact({"from": contract.w3.eth.accounts[0]}))
    operation = f"anchorBatch, {'66-byte' if uri else 'no'} manifest URI"
    return Row(operation, works, receipt["gasUsed"], round(receipt["gasUsed"] / works, 1))


def inclusion(contract: Contract, batch: MerkleBatch, leaf: tuple[WorkId, bytes]) -> Row:
    """As a transaction would pay it. As a call, which is how it is used, it is free."""
    word, path = leaf[0].payload.to_bytes(32, "big"), list(batch.path(leaf))
    call = contract.functions.verifyInclusion(contract.w3.eth.accounts[0], batch.root, word, leaf[1], path)
    if not call.call()[0]:
        raise SystemExit("the contract refuses a path of the service's own batch")
    return Row(f"verifyInclusion, {len(path)} siblings (free as a call)", len(batch), call.estimate_gas())


def measure() -> list[Row]:
    web3 = Web3(EthereumTesterProvider(EthereumTester(PyEVMBackend())))
    contract, deployment = deploy(web3, artifact("ProvenanceRegistry"))
    rows = [deployment]
    for size in BATCHES:
        leaves = [(WorkId(n), keccak256(b"%d of %d" % (n, size))) for n in range(size)]
        batch = MerkleBatch(leaves)
        rows += [anchor(contract, batch.root, size, ""), inclusion(contract, batch, leaves[0])]
    root = keccak256(b"with a manifest")
    return [*rows, anchor(contract, root, 1_000, URI)]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, help="write the numbers here, too")
    options = parser.parse_args(argv)
    rows = measure()
    report = {
        "bench": "ledger",
        "compiler": artifact("ProvenanceRegistry").compiler,
        "runtime_bytes": len(artifact("ProvenanceRegistry").runtime_bytecode),
        "rows": [asdict(row) for row in rows],
    }
    text = json.dumps(report, indent=2)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    print(text)
    print("\n| operation | works | gas | gas per work |\n|---|--:|--:|--:|")
    for row in rows:
        works = f"{row.works:,}" if row.works else ""
        per_work = "" if row.gas_per_work is None else f"{row.gas_per_work:,.1f}"
        print(f"| {row.operation} | {works} | {row.gas:,} | {per_work} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

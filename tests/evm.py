"""What the chain tests share: eth-tester with the face of a JSON-RPC node, and Merkle trees by the published rules."""

import ast
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from eth_abi import encode
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import TransactionFailed
from eth_utils.exceptions import ValidationError
from web3 import EthereumTesterProvider, Web3
from web3.contract import Contract

from contracts import artifact
from provenance.adapters.chain import EvmLedger, EvmOptions, ReadOnlyLedger, deploy

# eth-tester funds the keys 1, 2, 3, … at start.
KEY = "0x" + "1".zfill(64)
OTHER_KEY = "0x" + "2".zfill(64)
POOR_KEY = "0x" + "a" * 64
ADDRESS = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
OTHER_ADDRESS = "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF"

Leaf = tuple[bytes, bytes]


class TesterNode(EthereumTesterProvider):
    """An in-process node. Failures come as JSON-RPC error objects, as from geth.

    `answers` overrides, for `"method"`, `"method first-parameter"` or `"*"`: an exception to raise, because the
    transport failed, or the `error` object of a response. `asked` lists the methods that were called.
    """

    __test__ = False

    def __init__(self) -> None:
        self.chain = EthereumTester(PyEVMBackend())
        super().__init__(self.chain)
        self.answers: dict[str, Exception | dict[str, Any]] = {}
        self.asked: list[str] = []

    def make_request(self, method: Any, params: Any) -> Any:
        self.asked.append(method)
        keys = [f"{method} {params[0]}"] if params else []
        planned = next((self.answers[key] for key in (*keys, method, "*") if key in self.answers), None)
        if isinstance(planned, Exception):
            raise planned
        if planned is not None:
            return _error(**planned)
        try:
            return super().make_request(method, params)
        except TransactionFailed as error:
            return _error(3, "execution reverted", _revert_data(str(error)))
        except ValidationError as error:
            return _error(-32000, f"nonce too low: {error}")


def _error(code: int, message: str, data: str | None = None) -> dict[str, Any]:
    error = {"code": code, "message": message} | ({"data": data} if data else {})
    return {"jsonrpc": "2.0", "id": 1, "error": error}


def _revert_data(text: str) -> str | None:
    """eth-tester puts the revert data into its message as the repr of bytes."""
    _, _, reason = text.partition("execution reverted: ")
    return "0x" + ast.literal_eval(reason).hex() if reason.startswith("b") else None


@dataclass(frozen=True)
class TestChain:
    """A node with the registry deployed by `KEY`."""

    __test__ = False

    node: TesterNode
    chain_id: int
    contract: str

    @classmethod
    def start(cls) -> "TestChain":
        node = TesterNode()
        chain_id = Web3(node).eth.chain_id
        return cls(node, chain_id, deploy(node, private_key=KEY, chain_id=chain_id))

    def ledger(self, key: str = KEY, **options: Any) -> EvmLedger:
        return EvmLedger(
            self.node, self.contract, private_key=key, chain_id=self.chain_id, options=EvmOptions(**options)
        )

    def reader(self, publisher: str = ADDRESS, **options: Any) -> ReadOnlyLedger:
        return ReadOnlyLedger(
            self.node, self.contract, publisher=publisher, chain_id=self.chain_id, options=EvmOptions(**options)
        )

    def registry(self) -> Contract:
        return Web3(self.node).eth.contract(address=self.contract, abi=list(artifact("ProvenanceRegistry").abi))

    def hold_transactions(self) -> None:
        """Leave transactions in the mempool until `release_transactions`."""
        self.node.chain.disable_auto_mine_transactions()

    def release_transactions(self) -> None:
        """Mine a block with what waits, and every later transaction at once."""
        self.node.chain.enable_auto_mine_transactions()

    def mine_empty_blocks(self, count: int) -> None:
        self.node.chain.mine_blocks(count)


def leaf_hash(leaf: Leaf) -> bytes:
    return bytes(Web3.keccak(bytes(Web3.keccak(encode(["bytes32", "bytes32"], list(leaf))))))


def levels(leaves: list[Leaf]) -> list[list[bytes]]:
    """The tree's levels from the sorted leaf hashes up to the root; an odd node is promoted unchanged."""
    tree = [sorted(leaf_hash(leaf) for leaf in leaves)]
    while len(tree[-1]) > 1:
        pairs = zip_longest(tree[-1][::2], tree[-1][1::2])
        tree.append([a if b is None else bytes(Web3.keccak(min(a, b) + max(a, b))) for a, b in pairs])
    return tree


def path(tree: list[list[bytes]], leaf: Leaf) -> list[bytes]:
    """The siblings from the leaf up."""
    return siblings(tree, tree[0].index(leaf_hash(leaf)))


def siblings(tree: list[list[bytes]], position: int) -> list[bytes]:
    """The siblings from the node at `position` of the lowest level up."""
    found = []
    for level in tree[:-1]:
        if (position ^ 1) < len(level):
            found.append(level[position ^ 1])
        position //= 2
    return found

"""Reading a ProvenanceRegistry: no key, no account, no fee."""

import re
from datetime import UTC, datetime
from typing import Any, Final

from contracts import artifact
from provenance.adapters.chain.node import Node
from provenance.adapters.chain.transactions import EvmOptions, MinedAnchor
from provenance.core.errors import InvalidRequest, Misconfigured, ReceiptMismatch

CONTRACT: Final = "ProvenanceRegistry"
_MAX_LEAVES: Final = 2**32 - 1
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_LAST_SECOND: Final = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that datetime holds


class ReadOnlyLedger:
    """What a publisher anchored in one registry, as a node tells it.

    Name the publisher and the contract from your own list: a certificate's holder could deploy a look-alike. The code
    at the address is compared with the committed artifact before any answer is believed; the node itself is believed.
    """

    def __init__(
        self, endpoint: Any, contract_address: str, *, publisher: str, chain_id: int, options: EvmOptions | None = None
    ) -> None:
        self._options = options or EvmOptions()
        self._node = Node(endpoint, chain_id, timeout_seconds=self._options.timeout_seconds)
        self._address = checksummed(contract_address, "contract")
        self._publisher = checksummed(publisher, "publisher")
        self._contract = self._node.web3.eth.contract(address=self._address, abi=list(artifact(CONTRACT).abi))
        self._is_registry = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._node!r}, contract={self._address}, publisher={self._publisher})"

    @property
    def name(self) -> str:
        """The chain's CAIP-2 name."""
        return f"eip155:{self._node.chain_id}"

    @property
    def publisher(self) -> str:
        """The address whose anchors count."""
        return self._publisher

    def check(self) -> None:
        """The node serves the configured chain, and the registry's code lies at the address.

        Raises Misconfigured, Unavailable. The code is read once: it can't change, because the registry has no proxy.
        """
        self._node.require_chain()
        if self._is_registry:
            return
        code = self._node.code(self._address)
        if code != artifact(CONTRACT).runtime_bytecode:
            what = "another contract" if code else "no contract"
            raise Misconfigured(
                f"there is {what} at {self._address} on chain {self._node.chain_id}, not the registry",
                hint="check the contract address, or deploy the registry first",
            )
        self._is_registry = True

    def receipt(self, tx_hash: str) -> MinedAnchor | None:
        """Where the transaction was mined; None while it is not, or no longer.

        `final` follows the chain's `finalized` tag, or `confirmations` where there is none. Raises ReceiptMismatch when
        it reverted or went to another contract, Misconfigured, Unavailable.
        """
        from web3.exceptions import TransactionNotFound

        self._node.require_chain()
        with self._node.asking() as eth:
            try:
                receipt = eth.get_transaction_receipt(tx_hash)
            except TransactionNotFound:
                return None
        if receipt["blockNumber"] is None:  # some nodes show waiting transactions in this way
            return None
        if receipt["status"] != 1:
            raise ReceiptMismatch(f"the transaction {tx_hash} was mined and reverted: it anchored nothing")
        if receipt["to"] != self._address:
            raise ReceiptMismatch(f"the transaction {tx_hash} went to another contract")
        return self._mined(tx_hash, receipt)

    def locate(self, root: bytes) -> MinedAnchor | None:
        """The transaction that anchored this root for the publisher, or None. Raises Misconfigured, Unavailable."""
        self.check()
        timestamp, block = self._slot(root)
        if timestamp == 0:
            return None
        event = self._contract.events.BatchAnchored()
        with self._node.asking():
            logs = event.get_logs(
                from_block=block, to_block=block, argument_filters={"publisher": self._publisher, "root": root}
            )
        return self._mined("0x" + bytes(logs[0]["transactionHash"]).hex(), logs[0]) if logs else None

    def confirm(self, root: bytes) -> datetime:
        """The block time at which the publisher anchored this root, UTC, at the node's latest block.

        Raises ReceiptMismatch when it did not, Misconfigured, Unavailable. `locate(root).final` tells whether the
        anchor can still vanish.
        """
        self.check()
        timestamp, _ = self._slot(root)
        if not 0 < timestamp <= _LAST_SECOND:
            raise ReceiptMismatch(
                f"{self._publisher} did not anchor the root {root.hex()} in {self._address} on {self.name}"
            )
        return datetime.fromtimestamp(timestamp, UTC)

    def _slot(self, root: bytes) -> tuple[int, int]:
        """(time in Unix seconds, block number) of the anchor; zeros where there is none."""
        require_root(root)
        with self._node.asking():
            timestamp, block, _ = self._contract.functions.anchors(self._publisher, root).call()
        return int(timestamp), int(block)

    def _mined(self, tx_hash: str, place: Any) -> MinedAnchor:
        """`place` is a receipt or a log: both name their block."""
        number = int(place["blockNumber"])
        final = number <= self._node.final_height(self._options.confirmations)
        return MinedAnchor(tx_hash, number, "0x" + bytes(place["blockHash"]).hex(), final)


def checksummed(address: str, role: str) -> str:
    """The EIP-55 form. Raises Misconfigured on anything that is not an address, or that has a wrong checksum."""
    from web3 import Web3

    if not _ADDRESS.fullmatch(address):
        raise Misconfigured(f"the {role} address {address[:60]!r} is not an Ethereum address")
    digits, whole = address[2:], str(Web3.to_checksum_address(address))
    if digits not in (digits.lower(), digits.upper(), whole[2:]):  # mixed case is a checksum (EIP-55)
        raise Misconfigured(f"the {role} address {address} has a wrong checksum", hint="copy it again")
    return whole


def require_root(root: bytes) -> None:
    """Raises InvalidRequest: the contract would refuse it too, after a fee."""
    if len(root) != 32 or not any(root):
        raise InvalidRequest("a Merkle root is 32 bytes, not all zero")


def require_leaves(leaf_count: int) -> None:
    """Raises InvalidRequest."""
    if not 0 < leaf_count <= _MAX_LEAVES:
        raise InvalidRequest(f"a batch has between 1 and {_MAX_LEAVES} leaves, not {leaf_count}")

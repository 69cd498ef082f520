"""Anchoring on an EVM chain: sign, hand over for storing, send, look. See docs/adr/0003-prepare-store-send.md."""

from typing import Any

from contracts import artifact
from provenance.adapters.chain.node import Node, rpc_message
from provenance.adapters.chain.registry import CONTRACT, ReadOnlyLedger, require_leaves, require_root
from provenance.adapters.chain.transactions import (
    EvmOptions,
    Fees,
    SignedAnchor,
    SigningKey,
    fields_of,
    sender_of,
    signed_bytes,
)
from provenance.core.errors import Conflict, InvalidRequest, Misconfigured, ProvenanceError, Unavailable


class EvmLedger(ReadOnlyLedger):
    """Satisfies `core.ports.Ledger`. The publisher is the key's address; the key never leaves this process.

    `endpoint` is the node's http(s) URL (or a web3 provider), `private_key` 64 hex digits. One instance holds no state
    about transactions: nonces and signed bytes belong to the store.
    """

    def __init__(
        self,
        endpoint: Any,
        contract_address: str,
        *,
        private_key: str,
        chain_id: int,
        options: EvmOptions | None = None,
    ) -> None:
        key = SigningKey(private_key)
        super().__init__(endpoint, contract_address, publisher=key.address, chain_id=chain_id, options=options)
        self._key = key

    def prepare(self, root: bytes, leaf_count: int, *, nonce: int | None = None) -> SignedAnchor:
        """Sign `anchorBatch`, and send nothing.

        `nonce` None takes the account's next one, waiting transactions counted. Raises Conflict when the root is
        anchored already, InvalidRequest, Misconfigured, Unavailable (also when the fees are above the ceiling).
        """
        require_root(root)
        require_leaves(leaf_count)
        self.check()
        data = self._contract.encode_abi("anchorBatch", args=[root, leaf_count, self._options.manifest_uri])
        with self._node.asking() as eth:
            if nonce is None:
                nonce = int(eth.get_transaction_count(self._publisher, "pending"))
        fees = self._affordable(market_fees(self._node))
        call = {"from": self._publisher, "to": self._address, "data": data}
        return self._sign({"to": self._address, "data": data, "nonce": nonce, "gas": self._gas(call), "value": 0}, fees)

    def replace(self, raw_tx: bytes) -> SignedAnchor:
        """The same call at the same nonce for at least 1/8 more of both fees, for a transaction that is stuck.

        At most one of the two will ever be mined; until then keep looking for either (`locate`). Raises InvalidRequest,
        Misconfigured (signed by another key or for another chain), Unavailable.
        """
        fields = fields_of(raw_tx)
        if sender_of(raw_tx) != self._publisher:
            raise Misconfigured(
                f"the stuck transaction was not signed by {self._publisher}", hint="configure the key that signed it"
            )
        if fields["chainId"] != self._node.chain_id or fields["to"] != self._address:
            raise Misconfigured("the stuck transaction is for another chain or contract than the configured one")
        self._node.require_chain()
        paid = Fees(fields["maxFeePerGas"], fields["maxPriorityFeePerGas"])
        kept = {name: fields[name] for name in ("to", "data", "nonce", "gas", "value")}
        return self._sign(kept, self._affordable(paid.raised(market_fees(self._node))))

    def send(self, raw_tx: bytes) -> None:
        """Hand the stored bytes to the node. Again is harmless: a node that has them, waiting or mined, is content.

        Raises Conflict when another transaction used up the nonce, InvalidRequest on bytes that are no transaction,
        Misconfigured, Unavailable.
        """
        from web3 import Web3
        from web3.exceptions import Web3RPCError

        sender = sender_of(raw_tx)
        self._node.require_chain()
        with self._node.asking() as eth:
            try:
                eth.send_raw_transaction(raw_tx)
            except Web3RPCError as error:
                # "already known", "nonce too low", …: each client has its own words, so ask what is true instead.
                if not self._node.knows(Web3.keccak(raw_tx)):
                    raise self._refusal(error, sender, raw_tx) from error

    def recover(self, root: bytes) -> SignedAnchor | None:
        """The signed transaction that anchored this root, put together again from what the chain shows of it.

        Raises Unavailable when it does not come out bit for bit: then other software than this anchored the root.
        """
        from web3 import Web3

        found = self.locate(root)
        if found is None:
            return None
        with self._node.asking() as eth:
            shown = eth.get_transaction(found.tx_hash)
        raw_tx = signed_bytes(shown)
        if "0x" + bytes(Web3.keccak(raw_tx)).hex() != found.tx_hash:
            raise Unavailable(f"the transaction {found.tx_hash}, which anchored this root, can't be read back")
        return SignedAnchor(
            chain_id=self._node.chain_id,
            contract=self._address,
            sender=self._publisher,
            nonce=int(shown["nonce"]),
            tx_hash=found.tx_hash,
            raw_tx=raw_tx,
        )

    def _gas(self, call: dict[str, Any]) -> int:
        estimate = gas_estimate(self._node, call)
        return estimate + estimate * self._options.gas_margin_percent // 100

    def _affordable(self, fees: Fees) -> Fees:
        ceiling = self._options.fee_ceiling_wei
        if ceiling is not None and fees.max_fee > ceiling:
            raise Unavailable(
                f"the network asks for {fees.max_fee} wei per gas, and the ceiling is {ceiling}",
                hint="wait for lower fees or raise the ceiling; the works stay queued",
            )
        return fees

    def _sign(self, fields: dict[str, Any], fees: Fees) -> SignedAnchor:
        return self._key.sign(typed(self._node, fees) | fields)

    def _refusal(self, error: Any, sender: str, raw_tx: bytes) -> ProvenanceError:
        nonce = fields_of(raw_tx)["nonce"]
        with self._node.asking() as eth:
            mined = int(eth.get_transaction_count(sender, "latest"))
        if mined > nonce:
            return Conflict(
                f"another transaction of {sender} used the nonce {nonce}",
                hint="look whether it anchored the same root; if not, prepare the batch again with a new nonce",
            )
        message = rpc_message(error)
        reason = f"the node at {self._node.label} refused the transaction: {message}"
        return Unavailable(reason, hint=_remedy(message.lower(), sender))


def _remedy(message: str, sender: str) -> str | None:
    """What a person can do about a refusal, where its words are the usual ones."""
    if "insufficient funds" in message:
        return f"send some of the chain's coin to {sender}"
    if "underpriced" in message or "base fee" in message:
        return "its fees are too low now: replace it with higher ones"
    return None


def deploy(endpoint: Any, *, private_key: str, chain_id: int, timeout_seconds: float = 120.0) -> str:
    """Deploy the registry, wait until it is mined, answer its address. Nobody will own it.

    Raises Misconfigured, Unavailable.
    """
    from web3.exceptions import TimeExhausted

    key, node = SigningKey(private_key), Node(endpoint, chain_id)
    node.require_chain()
    bytecode = artifact(CONTRACT).bytecode
    gas = gas_estimate(node, {"from": key.address, "data": bytecode})
    with node.asking() as eth:
        nonce = eth.get_transaction_count(key.address, "pending")
    fields = {"to": "", "data": bytecode, "value": 0, "gas": gas, "nonce": nonce}
    signed = key.sign(typed(node, market_fees(node)) | fields)
    with node.asking() as eth:
        eth.send_raw_transaction(signed.raw_tx)
        try:
            receipt = eth.wait_for_transaction_receipt(signed.tx_hash, timeout=timeout_seconds, poll_latency=0.2)
        except TimeExhausted as error:
            raise Unavailable(f"the deployment {signed.tx_hash} was not mined in {timeout_seconds} s") from error
    if receipt["status"] != 1:
        raise Unavailable(f"the deployment {signed.tx_hash} was mined and reverted", hint="deploy again")
    return str(receipt["contractAddress"])


def gas_estimate(node: Node, call: dict[str, Any]) -> int:
    """What the call takes now. Raises what `reverted` makes of a revert, Unavailable."""
    from web3.exceptions import ContractLogicError

    with node.asking() as eth:
        try:
            return int(eth.estimate_gas(call))
        except ContractLogicError as error:
            raise reverted(error) from error


def market_fees(node: Node) -> Fees:
    """What the chain asks for now. Raises Misconfigured on a chain without EIP-1559, Unavailable."""
    with node.asking() as eth:
        base_fee = eth.get_block("latest").get("baseFeePerGas")
        tip = int(eth.max_priority_fee)
    if base_fee is None:
        raise Misconfigured(f"chain {node.chain_id} has no base fee: EIP-1559 is needed")
    return Fees.over(int(base_fee), tip)


def typed(node: Node, fees: Fees) -> dict[str, Any]:
    """The fields that make a transaction an EIP-1559 one for this chain."""
    return {"type": 2, "chainId": node.chain_id, "maxFeePerGas": fees.max_fee, "maxPriorityFeePerGas": fees.tip}


def reverted(error: Any) -> ProvenanceError:
    """The contract's own error, by its selector, as one of ours."""
    name = _error_names().get(str(getattr(error, "data", None))[:10])
    if name == "AlreadyAnchored":
        return Conflict("this root is anchored already", hint="nothing has to be done; look it up on the ledger")
    if name is not None:
        return InvalidRequest(f"the registry refuses the batch: {name}")
    return Misconfigured(
        f"the contract call fails: {rpc_message(error)}", hint="does the chain run contracts compiled for cancun?"
    )


def _error_names() -> dict[str, str]:
    """Selector (0x and 8 hex digits) -> name of each custom error in the ABI."""
    from web3 import Web3

    errors = [entry for entry in artifact(CONTRACT).abi if entry["type"] == "error"]
    signatures = {e["name"]: f"{e['name']}({','.join(i['type'] for i in e['inputs'])})" for e in errors}
    return {"0x" + bytes(Web3.keccak(text=text))[:4].hex(): name for name, text in signatures.items()}

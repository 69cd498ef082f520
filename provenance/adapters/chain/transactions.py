"""Values of one anchor: fees, the signed transaction, the receipt; and the key that signs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from provenance.core.errors import InvalidRequest, Misconfigured, Unavailable

_KEY: Final = re.compile(r"(?:0x)?([0-9a-fA-F]{64})")
_CURVE_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # secp256k1
_SHOWN: Final = ("chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas", "gas", "to", "value", "v")


@dataclass(frozen=True, slots=True)
class EvmOptions:
    """How to anchor.

    `confirmations` counts only on chains without a `finalized` tag. `gas_margin_percent` is added to the node's gas
    estimate (unused gas costs nothing). `fee_ceiling_wei` refuses to sign above that maxFeePerGas; None
    signs at any price.
    `manifest_uri` is logged with every anchor and public for ever; empty saves gas.
    """

    confirmations: int = 12
    gas_margin_percent: int = 20
    fee_ceiling_wei: int | None = None
    manifest_uri: str = ""
    timeout_seconds: float = 10.0

    def __post_init__(self) -> None:
        if self.confirmations < 1:
            raise Misconfigured("at least one confirmation is needed before an anchor counts as final")
        if self.gas_margin_percent < 0:
            raise Misconfigured("the gas margin can't be negative")
        if self.timeout_seconds <= 0:
            raise Misconfigured("the RPC timeout must be more than zero seconds")


@dataclass(frozen=True, slots=True)
class Fees:
    """EIP-1559 prices in wei per gas: `max_fee` for all, of which at most `tip` for the block's proposer."""

    max_fee: int
    tip: int

    @classmethod
    def over(cls, base_fee: int, tip: int) -> "Fees":
        """Twice the base fee: it rises by 1/8 a block at most, so the price holds for at least five full blocks."""
        return cls(max_fee=2 * base_fee + tip, tip=tip)

    def raised(self, market: "Fees") -> "Fees":
        """What a node accepts in place of a waiting transaction with these fees, and no less than the market's.

        Nodes ask for 10 % (geth, reth) or 12.5 % more on *both* prices; one of them alone is refused.
        """
        return Fees(max(_eighth_more(self.max_fee), market.max_fee), max(_eighth_more(self.tip), market.tip))


@dataclass(frozen=True, slots=True)
class SignedAnchor:
    """Satisfies `core.ports.PreparedAnchor`. `tx_hash` is 0x and 64 hex digits, addresses are EIP-55 checksummed."""

    chain_id: int
    contract: str
    sender: str
    nonce: int
    tx_hash: str
    raw_tx: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MinedAnchor:
    """Satisfies `core.ports.LedgerReceipt`."""

    tx_hash: str
    block_number: int
    block_hash: str
    final: bool


class SigningKey:
    """A secp256k1 key that signs and shows nothing but its address."""

    __slots__ = ("_account",)

    def __init__(self, private_key: str) -> None:
        """`private_key`: 64 hex digits, 0x or not. Raises Misconfigured without repeating what was given."""
        found = _KEY.fullmatch(private_key.strip())
        if found is None or not 0 < int(found[1], 16) < _CURVE_ORDER:
            raise Misconfigured(
                "the ledger's private key is not a secp256k1 key", hint="64 hex digits, with or without 0x in front"
            )
        from eth_account import Account

        self._account = Account.from_key(bytes.fromhex(found[1]))

    @property
    def address(self) -> str:
        return str(self._account.address)

    def __repr__(self) -> str:
        return f"SigningKey({self.address})"

    def __reduce__(self) -> Any:
        raise TypeError("a signing key can't be pickled or copied")

    def sign(self, transaction: Mapping[str, Any]) -> SignedAnchor:
        """Sign an EIP-1559 transaction. Deterministic (RFC 6979): the same fields give the same bytes."""
        signed = self._account.sign_transaction(dict(transaction))
        return SignedAnchor(
            chain_id=transaction["chainId"],
            contract=transaction["to"],
            sender=self.address,
            nonce=transaction["nonce"],
            tx_hash="0x" + bytes(signed.hash).hex(),
            raw_tx=bytes(signed.raw_transaction),
        )


def sender_of(raw_tx: bytes) -> str:
    """Who signed it. Raises InvalidRequest."""
    from eth_account import Account

    try:
        return str(Account.recover_transaction(raw_tx))
    except Exception as error:  # the decoders raise what they meet: rlp, key, type and value errors
        raise InvalidRequest("these bytes are not a signed transaction") from error


def fields_of(raw_tx: bytes) -> dict[str, Any]:
    """The unsigned fields of an EIP-1559 transaction, as `SigningKey.sign` takes them. Raises InvalidRequest."""
    from eth_account.typed_transactions import TypedTransaction
    from hexbytes import HexBytes
    from web3 import Web3

    try:
        fields = dict(TypedTransaction.from_bytes(HexBytes(raw_tx)).as_dict())
    except Exception as error:
        raise InvalidRequest("these bytes are not a signed EIP-1559 transaction") from error
    for signature in ("v", "r", "s"):
        del fields[signature]
    return fields | {"to": Web3.to_checksum_address(fields["to"])}


def signed_bytes(shown: Mapping[str, Any]) -> bytes:
    """The raw EIP-1559 transaction of what a node shows of it (`eth_getTransactionByHash`).

    Whoever asks compares its Keccak-256 with the transaction's hash. Raises Unavailable when it can't be put together.
    """
    from eth_account.typed_transactions import TypedTransaction

    try:
        fields = {name: shown[name] for name in _SHOWN} | {"accessList": [dict(entry) for entry in shown["accessList"]]}
        signature = {name: int.from_bytes(shown[name], "big") for name in ("r", "s")}
        raw = TypedTransaction.from_dict(fields | signature | {"type": 2, "data": shown["input"]}).encode()
    except Exception as error:  # the encoders raise what they meet: rlp, key, type and value errors
        raise Unavailable("the node shows a transaction that is none of ours") from error
    return bytes(raw)


def _eighth_more(price: int) -> int:
    return price + -(-price // 8)

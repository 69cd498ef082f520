"""A JSON-RPC node whose every failure comes back as one of our errors. web3 is imported when a node is opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from provenance.core.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from web3 import Web3

_NO_SUCH_TAG = (-32602, -39001)  # "invalid params" and "unknown block": a node that doesn't know the `finalized` tag


class Node:
    """One endpoint and the chain id that it must serve.

    `endpoint` is an http(s) URL, or a web3 provider (tests run one in process). The URL often carries an access key, so
    only its host is ever shown.
    """

    def __init__(self, endpoint: Any, chain_id: int, *, timeout_seconds: float = 10.0) -> None:
        self.chain_id = chain_id
        self.label = _host(endpoint) if isinstance(endpoint, str) else type(endpoint).__name__
        self.web3 = _open(endpoint, timeout_seconds)

    def __repr__(self) -> str:
        return f"Node({self.label!r}, chain_id={self.chain_id})"

    @contextmanager
    def asking(self) -> Iterator[Any]:
        """`with node.asking() as eth:` gives web3's `eth` module. Transport and JSON-RPC errors become Unavailable."""
        from web3.exceptions import Web3Exception, Web3RPCError

        try:
            yield self.web3.eth
        except Web3RPCError as error:
            raise Unavailable(f"the node at {self.label} answered: {rpc_message(error)}") from error
        except OSError as error:
            # The error's own text, and its traceback, hold the URL: neither is shown.
            raise Unavailable(
                f"the node at {self.label} does not answer ({_transport_failure(error)})",
                hint="check that the node runs and that the RPC URL is right",
            ) from None
        except (ValueError, Web3Exception) as error:
            raise Unavailable(f"the node at {self.label} gave an answer that can't be read") from error

    def require_chain(self) -> None:
        """Raises Misconfigured when the node serves another chain than the configured one, Unavailable."""
        with self.asking() as eth:
            served = eth.chain_id
        if served != self.chain_id:
            raise Misconfigured(
                f"the node at {self.label} serves chain {served}, but chain {self.chain_id} is configured",
                hint="set the chain id or the RPC URL so that they agree",
            )

    def code(self, address: str) -> bytes:
        """The runtime code at an address; empty where there is no contract."""
        with self.asking() as eth:
            return bytes(eth.get_code(address))

    def knows(self, tx_hash: bytes) -> bool:
        """Whether the node has the transaction, waiting or mined."""
        from web3.exceptions import TransactionNotFound

        with self.asking() as eth:
            try:
                eth.get_transaction(tx_hash)
            except TransactionNotFound:
                return False
        return True

    def final_height(self, confirmations: int) -> int:
        """The highest block that will not be reorganised away.

        The node's `finalized` block; where the node has no such tag, the block with `confirmations` blocks on
        it, itself included. Any other failure is an error: a rate limit must not turn into a weaker rule.
        """
        from web3.exceptions import BlockNotFound, Web3RPCError

        with self.asking() as eth:
            try:
                return int(eth.get_block("finalized")["number"])
            except BlockNotFound:
                pass
            except Web3RPCError as error:
                if _rpc_code(error) not in _NO_SUCH_TAG:
                    raise
            return int(eth.block_number) - confirmations + 1


def rpc_message(error: Any) -> str:
    """The node's own words, one line, at most 200 characters."""
    details = (getattr(error, "rpc_response", None) or {}).get("error")
    message = details.get("message") if isinstance(details, dict) else None
    return " ".join(str(message or error).split())[:200]


def _transport_failure(error: OSError) -> str:
    """`ConnectionError`, `Timeout`, …, or the HTTP status."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return f"HTTP {status}" if status else type(error).__name__


def _rpc_code(error: Any) -> int | None:
    details = (getattr(error, "rpc_response", None) or {}).get("error")
    return details.get("code") if isinstance(details, dict) else None


def _host(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misconfigured("the RPC URL must be http:// or https:// and name a host")
    return parts.hostname


def _open(endpoint: Any, timeout_seconds: float) -> "Web3":
    try:
        from web3 import HTTPProvider, Web3
    except ModuleNotFoundError as error:
        raise Misconfigured("the ledger needs web3", hint="pip install 'provenance-art[chain]'") from error
    if isinstance(endpoint, str):
        # Retries are the outbox's business: it knows what was stored, and it waits longer than a request may.
        endpoint = HTTPProvider(
            endpoint, request_kwargs={"timeout": timeout_seconds}, exception_retry_configuration=None
        )
    endpoint.global_ccip_read_enabled = False  # ERC-3668 lets a contract name URLs for us to fetch
    return Web3(endpoint)

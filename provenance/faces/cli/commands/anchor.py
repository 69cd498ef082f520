"""anchor: the works that wait go to the ledger. With options: the registry is deployed, stuck transactions replaced."""

from typing import Annotated, Final

import typer

from provenance.core.errors import InvalidRequest, Misconfigured
from provenance.faces.cli import opened
from provenance.faces.cli.console import AsJson, emit, note, say

_NO_LEDGER_HINT: Final = "set PROVENANCE_CHAIN_RPC_URL; see docs/ledger.md"


def anchor(
    deploy: Annotated[
        bool, typer.Option("--deploy", help="Only deploy the registry, once for a chain, and print its address.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Only send again, with higher fees, the transactions that are stuck.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Anchor the works that wait on the ledger, and follow up earlier batches."""
    if deploy and replace:
        raise InvalidRequest("--deploy and --replace are two errands: name one")
    if deploy:
        _deploy(as_json=as_json)
        return
    with opened.service(start=False) as service:
        if service.anchor is None:
            raise Misconfigured("no ledger is configured", hint=_NO_LEDGER_HINT)
        batches = service.anchor.replace() if replace else service.anchor()
    for batch in batches:
        line = {"root": batch.root, "works": len(batch.leaves), "state": str(batch.state), "tx_hash": batch.tx_hash}
        emit(line) if as_json else say(f"{batch.root}  {len(batch.leaves)} works  {batch.state}  {batch.tx_hash}")
    if not batches and not as_json:
        say("no transaction is stuck" if replace else "nothing waits for an anchor")


COMMANDS: Final = (anchor,)


def _deploy(*, as_json: bool) -> None:
    """It costs a fee, so it is refused where a registry is configured."""
    settings = opened.settings()
    if settings.chain_rpc_url is None or settings.chain_id is None or settings.chain_private_key is None:
        raise Misconfigured(
            "deploying needs PROVENANCE_CHAIN_RPC_URL, PROVENANCE_CHAIN_ID and PROVENANCE_CHAIN_PRIVATE_KEY"
        )
    if settings.chain_contract is not None:
        raise Misconfigured(
            f"PROVENANCE_CHAIN_CONTRACT names a registry already: {settings.chain_contract}",
            hint="unset it to deploy another; what was anchored stays with the old one",
        )
    from provenance.adapters.chain import deploy

    key = settings.chain_private_key.get_secret_value()
    address = deploy(settings.chain_rpc_url, private_key=key, chain_id=settings.chain_id)
    if as_json:
        emit({"contract": address, "chain_id": settings.chain_id})
        return
    say(address)
    note(f"the registry is deployed: set PROVENANCE_CHAIN_CONTRACT={address}")

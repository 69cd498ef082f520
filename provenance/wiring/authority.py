"""The certificate authority that the settings describe."""

import contextlib
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509

from provenance import plugins
from provenance.adapters.ca import CaFolder, ClaimKey, HeldKey, Lock
from provenance.core.errors import Conflict, InvalidRequest, Misconfigured, NotFound
from provenance.core.ports import Clock
from provenance.credentials.pki import chains
from provenance.credentials.pki.profiles import Owner
from provenance.settings import Settings

_NOBODY: Final = "Private Provenance"
_NOWHERE: Final = "XX"  # ISO 3166 leaves it to its users
_MAX_ORGANIZATION: Final = 40


def ca_folder(settings: Settings, clock: Clock) -> CaFolder:
    """Around the home folder; opens and makes nothing."""
    secret = settings.key_passphrase
    lock = Lock(secret.get_secret_value().encode() if secret else None, settings.environment != "production")
    return CaFolder(
        settings.home / "ca", lock, clock=clock, url=settings.effective_ca_url, claim_key=_claim_key(settings)
    )


def opened_ca(settings: Settings, clock: Clock) -> CaFolder | None:
    """What ends soon is renewed. Raises Misconfigured."""
    if settings.ca == "none":
        return None
    folder = ca_folder(settings, clock)
    if folder.exists:
        folder.renew()
    elif settings.environment == "production":
        raise Misconfigured(
            "there is no certificate authority for content credentials",
            hint="run `provenance ca init`, or set PROVENANCE_CA=none to do without",
        )
    else:
        host = urlsplit(settings.base_url or "").hostname
        with contextlib.suppress(Conflict):  # another process was first
            folder.create(Owner((host or _NOBODY)[:_MAX_ORGANIZATION], _NOWHERE))
    return folder


def bought_anchors(settings: Settings) -> tuple[x509.Certificate, ...]:
    """The roots of the time-stamping authority that the settings name. Raises Misconfigured."""
    if settings.tsa_anchors is None:
        return ()
    try:
        return chains.read_pem(settings.tsa_anchors.read_bytes())
    except (OSError, InvalidRequest):
        raise Misconfigured("PROVENANCE_TSA_ANCHORS names no file with PEM certificates") from None


def _claim_key(settings: Settings) -> ClaimKey | None:
    return None if settings.claim_key is None else ClaimKey(settings.claim_key, lambda uri: _held(uri, settings))


def _held(uri: str, settings: Settings) -> HeldKey:
    """By the plug-in whose name is the URI's scheme."""
    pin = settings.claim_key_pin
    try:
        factory = plugins.load("signers", uri.partition(":")[0])
    except NotFound as error:
        raise Misconfigured(f"PROVENANCE_CLAIM_KEY: {error.reason}", hint=error.hint) from None
    held: HeldKey = factory(uri, pin.get_secret_value() if pin else None)
    return held

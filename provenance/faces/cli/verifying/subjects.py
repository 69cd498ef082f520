"""What was named: a file, standard input or an https address; and whether it is a picture."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from provenance.core.errors import InvalidRequest
from provenance.faces.cli import files

if TYPE_CHECKING:
    from provenance.adapters.http import GuardedFetcher

_LIMIT: Final = 512 << 20  # bytes of a file, or of what an address leads to
_URL: Final = re.compile(r"https?://", re.IGNORECASE)
_WEB_PORTS: Final = frozenset({80, 443})
_MAGIC: Final = (
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"GIF8[79]a", "image/gif"),
    (rb"RIFF....WEBP", "image/webp"),
    (rb"II\*\0|MM\0\*", "image/tiff"),
    (rb"....ftyp(avif|avis)", "image/avif"),
)
_KINDS: Final = tuple((re.compile(magic, re.DOTALL), media_type) for magic, media_type in _MAGIC)


def read(named: str, *, allow_private: bool) -> bytes:
    """Raises NotFound, Unavailable, InvalidRequest for an address that is not fetched, TooLarge."""
    if _URL.match(named):
        return fetcher(named, allow_private=allow_private).fetch(named)
    return files.read(Path(named))


def media_type(data: bytes) -> str | None:
    """Of a picture, by its first bytes; None of anything else."""
    return next((kind for magic, kind in _KINDS if magic.match(data)), None)


def service_url(named: str, *, allow_private: bool) -> str:
    """Raises InvalidRequest."""
    if not _URL.match(named) or urlsplit(named).query or urlsplit(named).fragment:
        raise InvalidRequest("a service is named by its https address", hint="such as https://art.example")
    _check_scheme(named, allow_private=allow_private)
    return named.rstrip("/")


def fetcher(named: str, *, allow_private: bool) -> "GuardedFetcher":
    """For this address: https on the public internet, unless the verifier says that the host is their own."""
    from provenance.adapters.http import FetchLimits, GuardedFetcher

    _check_scheme(named, allow_private=allow_private)
    try:
        port = urlsplit(named).port
    except ValueError:
        raise InvalidRequest("the URL is malformed") from None
    ports = _WEB_PORTS | ({port} if port else set())
    limits = FetchLimits(body_bytes=_LIMIT, seconds=60.0, https_only=not allow_private, ports=ports)
    return GuardedFetcher(limits, allow_private=allow_private)


def _check_scheme(named: str, *, allow_private: bool) -> None:
    if not allow_private and not named.lower().startswith("https://"):
        raise InvalidRequest("only https addresses are asked", hint="--allow-private asks http in your own network")

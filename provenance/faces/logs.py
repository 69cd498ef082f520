"""The JSON log of a process that serves: one object a line on stderr, and nothing secret in it.

Parts log through the standard library and know nothing of this; the faces that own a process call `configure` once.
"""

import logging
import re
import sys
from collections.abc import Iterable
from typing import Final, TextIO
from urllib.parse import urlsplit

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from provenance.settings import Settings

OURS: Final = ("provenance", "index", "generators", "uvicorn")
"""Loggers that follow `log_level`. Everybody else is heard from WARNING on: libraries log headers and statements."""

MASK: Final = "***"
_API_KEY: Final = re.compile(r"pvk_[A-Za-z0-9_-]+")
_USERINFO: Final = re.compile(r"(?<=://)[^\s/@?#]+(?=@)")
_QUERY: Final = re.compile(r"(?<=\?)(?=[^\s?]*=)[^\s\"'>]+")
_MIN_SECRET: Final = 4  # masking shorter ones would shred the log and hide nothing


def configure(settings: Settings, *, stream: TextIO | None = None) -> None:
    """Send every log line of this process, warnings included, to `stream` (default: stderr). Safe to repeat."""
    handler = json_handler(stream or sys.stderr, secrets=secrets_of(settings))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(settings.log_level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # uvicorn brings handlers of its own
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.NOTSET)  # the root's level is theirs
        logger.propagate = name != "uvicorn.access"  # our own line has the route; theirs the raw path and its query
    logging.captureWarnings(True)


def json_handler(stream: TextIO, *, secrets: Iterable[str] = ()) -> logging.Handler:
    """A handler that writes `{"event": …, "level": …, "logger": …, "time": …, …}`, with `secrets` masked."""
    prepare: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=prepare,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _Masked(secrets),
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    return handler


def secrets_of(settings: Settings) -> list[str]:
    """Every secret that the settings hold, the passwords inside URLs too."""
    kept = (settings.key_passphrase, settings.chain_private_key, settings.claim_key_pin)
    urls = (settings.database_url, settings.blobs_url, settings.chain_rpc_url)
    passwords = (urlsplit(url).password for url in urls if url)
    found = [secret.get_secret_value() for secret in kept if secret] + [word for word in passwords if word]
    return [secret for secret in found if len(secret) >= _MIN_SECRET]


class _Masked:
    """A last line of defence: what looks like a key, credentials in a URL or a query string does not leave."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(sorted(secrets, key=len, reverse=True))  # one may contain another

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {name: self._mask(value) if isinstance(value, str) else value for name, value in event.items()}

    def _mask(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        for pattern in (_API_KEY, _USERINFO, _QUERY):
            text = pattern.sub(MASK, text)
        return text

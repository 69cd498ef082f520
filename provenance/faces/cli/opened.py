"""The local service, opened for one command. Its parts load on first use, so cheap commands stay cheap."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from provenance.core.errors import Misconfigured

if TYPE_CHECKING:
    from provenance.settings import Settings
    from provenance.wiring import Service

LOCAL: Final = "local"
"""Owner of works that are registered on the command line."""


def settings() -> "Settings":
    """From the environment. Raises Misconfigured, naming the setting but never its value."""
    from pydantic import ValidationError

    from provenance.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"PROVENANCE_{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors(include_input=False)
        )
        raise Misconfigured(f"a setting is wrong: {wrong}", hint="docs/settings.md lists every setting") from None


@contextmanager
def service(*, start: bool = True) -> Iterator["Service"]:
    """The service around the home folder; `start` also migrates, loads models and catches the index up."""
    try:
        from provenance.wiring import Service
    except ImportError as error:
        raise Misconfigured(
            f"this command needs {error.name}, which is not installed", hint="pip install 'provenance-art[server]'"
        ) from error
    with Service(settings()) as opened:
        if start:
            opened.start()
        yield opened

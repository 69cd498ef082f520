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

_OURS: Final = frozenset({"provenance", "generators", "index", "contracts"})
_EXTRAS: Final = {
    "c2pa": "c2pa",
    "cbor2": "c2pa",
    "web3": "chain",
    "eth_account": "chain",
    "torch": "clip",
    "open_clip": "clip",
    "psycopg": "postgres",
}


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
    except UnicodeDecodeError:
        raise Misconfigured("the file .env in this folder is not UTF-8 text") from None


@contextmanager
def service(*, start: bool = True, create: bool = False) -> Iterator["Service"]:
    """The service around the home folder; `start` also migrates, loads models and catches the index up.

    Raises Misconfigured where the home folder has no keys, unless the command may `create` them: in a folder that was
    misspelt, a check would find nothing and a reader no mark.
    """
    from provenance.wiring import Service

    with Service(settings()) as opened:
        if not create and not opened.initialised:
            raise Misconfigured(
                f"there are no keys in {opened.settings.home}", hint="run `provenance init`, or set PROVENANCE_HOME"
            )
        if start:
            opened.start()
        yield opened


def not_installed(error: ModuleNotFoundError) -> Misconfigured | None:
    """Which extra a command lacks; None where the missing module is one of ours, which is a defect."""
    missing = (error.name or "").partition(".")[0]
    if not missing or missing in _OURS:
        return None
    extra = _EXTRAS.get(missing, "server")
    return Misconfigured(
        f"this command needs {missing}, which is not installed", hint=f"pip install 'provenance-art[{extra}]'"
    )

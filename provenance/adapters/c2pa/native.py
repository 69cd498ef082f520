"""How c2pa-rs is set up and how its errors come out. It never uses the network and keeps no process-wide settings."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from c2pa import C2paError, Context

from provenance.core.errors import MalformedManifest, Misconfigured, UnreadableImage, UnsupportedFormat

# What a certificate may be for: C2PA claim signing; e-mail protection and document signing (C2PA before 2.4's
# certificate policy); time-stamping; OCSP signing. c2pa-rs forgets its own list once trust anchors are given.
_PURPOSES: Final = (
    "1.3.6.1.4.1.62558.2.1",
    "1.3.6.1.5.5.7.3.4",
    "1.3.6.1.5.5.7.3.36",
    "1.3.6.1.5.5.7.3.8",
    "1.3.6.1.5.5.7.3.9",
)
_OFF: Final = {"enabled": False}
_THUMBNAIL: Final = {"enabled": True, "format": "jpeg", "quality": "medium"}
_MAX_REASON: Final = 200


def context(anchors: Sequence[str] = (), *, thumbnail_edge: int | None = None) -> Context:
    """Settings of their own for one call. `anchors` are PEM certificates."""
    trust: dict[str, Any] = {"trust_config": "\n".join(_PURPOSES)}
    if anchors:
        trust["user_anchors"] = "\n".join(anchors)
    thumbnail = {**_THUMBNAIL, "long_edge": thumbnail_edge} if thumbnail_edge else _OFF
    return Context.from_dict({
        "version": 1,
        "trust": trust,
        "core": {"allowed_network_hosts": []},
        "verify": {"verify_after_sign": True, "remote_manifest_fetch": False, "ocsp_fetch": False},
        "builder": {
            "thumbnail": thumbnail,
            "actions": {
                "all_actions_included": True,
                "auto_created_action": _OFF,
                "auto_opened_action": _OFF,
                "auto_placed_action": _OFF,
            },
        },
    })  # fmt: skip


@contextmanager
def reading() -> Iterator[None]:
    """c2pa-rs's errors as ours. Raises UnsupportedFormat, else MalformedManifest."""
    try:
        yield
    except C2paError.NotSupported as error:
        raise UnsupportedFormat("C2PA manifests are not read with files of this kind") from error
    except (C2paError, ValueError) as error:  # ValueError: its JSON, or a text with a zero byte in it
        raise MalformedManifest(f"the C2PA manifest can't be read: {_first_line(error)}") from error


@contextmanager
def writing() -> Iterator[None]:
    """The same while signing. Raises UnsupportedFormat, Misconfigured for the certificate, else UnreadableImage."""
    try:
        yield
    except C2paError.NotSupported as error:
        raise UnsupportedFormat("C2PA manifests are not written for files of this kind") from error
    except C2paError.Signature as error:
        raise Misconfigured(
            f"the C2PA certificate or its key does not sign: {_first_line(error)}",
            hint="the leaf comes first, then its issuers, and it has the purposes and key usage that C2PA asks for",
        ) from error
    except (C2paError, ValueError) as error:
        raise UnreadableImage(f"no C2PA manifest can be made for this file: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    """Texts of c2pa-rs may repeat parts of the file."""
    text = str(error).partition("\n")[0][:_MAX_REASON]
    return "".join(character if character.isprintable() else "?" for character in text)

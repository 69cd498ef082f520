"""The one table from the error tree to exit codes."""

from enum import IntEnum
from typing import Final

from provenance.core import errors


class Exit(IntEnum):
    """Of several files with different ends, the highest code is reported."""

    OK = 0
    ERROR = 1
    USAGE = 2
    INVALID = 3
    UNTRUSTED_SIGNER = 4
    NOT_FOUND = 5
    UNAVAILABLE = 6
    INTERRUPTED = 130  # Ctrl-C, as shells count it: 128 + SIGINT
    READER_LEFT = 141  # the other end of a pipe closed: 128 + SIGPIPE


_TABLE: Final[dict[type[errors.ProvenanceError], Exit]] = {
    errors.UntrustedSigner: Exit.UNTRUSTED_SIGNER,
    errors.VerificationError: Exit.INVALID,
    errors.NotFound: Exit.NOT_FOUND,
    errors.Unavailable: Exit.UNAVAILABLE,
    errors.Busy: Exit.UNAVAILABLE,
    errors.InvalidRequest: Exit.USAGE,
    errors.Misconfigured: Exit.USAGE,
    errors.ProvenanceError: Exit.ERROR,
}


def exit_of(error: errors.ProvenanceError) -> Exit:
    """The nearest ancestor in the table decides."""
    return next(_TABLE[kind] for kind in type(error).__mro__ if kind in _TABLE)

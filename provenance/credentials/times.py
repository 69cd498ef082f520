"""The one written form of a moment in our documents: XML Schema dateTimeStamp, UTC, whole seconds, `Z`."""

import re
from datetime import UTC, datetime
from typing import Final

_FORM: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def written(moment: datetime) -> str:
    """Fractions of a second are cut. Raises ValueError on a naive time."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(text: str) -> datetime:
    """Raises ValueError on any other form, leap seconds included."""
    if not _FORM.fullmatch(text):
        raise ValueError("not a UTC time in whole seconds")
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)

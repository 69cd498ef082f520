"""Column types: what a record holds on one side, what SQLite and PostgreSQL both keep on the other.

They convert in both directions, so that a row's attributes are the record's values and no repository converts by hand.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Enum, Integer, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from provenance.core.types import WorkId

BigKey = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit key that the database counts up; SQLite only does that for a column declared INTEGER."""


class WorkIdText(TypeDecorator[WorkId]):
    """A WorkId as its text form: SQLite's and PostgreSQL's integers are signed and cannot hold 64 unsigned bits."""

    impl = String(16)
    cache_ok = True

    def process_bind_param(self, value: WorkId | None, _dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> WorkId | None:
        return None if value is None else WorkId.parse(value)


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime, in UTC, to the microsecond. A naive one is refused: nobody knows which hour it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"a stored time needs a time zone, {value.isoformat()} has none")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonObject(TypeDecorator[Mapping[str, Any]]):
    """JSON text, not JSONB: what was signed comes back number for number."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Any] | None, _dialect: Dialect) -> dict[str, Any] | None:
        return None if value is None else dict(value)


class JsonTuple(TypeDecorator[tuple[Any, ...]]):
    """A tuple as a JSON array."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Sequence[Any] | None, _dialect: Dialect) -> list[Any] | None:
        return None if value is None else list(value)

    def process_result_value(self, value: Sequence[Any] | None, _dialect: Dialect) -> tuple[Any, ...] | None:
        return None if value is None else tuple(value)


class JsonSet(TypeDecorator[frozenset[str]]):
    """A set of strings as a sorted JSON array."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: frozenset[str] | None, _dialect: Dialect) -> list[str] | None:
        return None if value is None else sorted(value)

    def process_result_value(self, value: Sequence[str] | None, _dialect: Dialect) -> frozenset[str] | None:
        return None if value is None else frozenset(value)


def choice(enum: type[StrEnum]) -> Enum:
    """The enum's value as text. No CHECK constraint: a new member must not need a migration."""
    return Enum(
        enum,
        native_enum=False,
        create_constraint=False,
        length=16,
        values_callable=lambda members: [member.value for member in members],
    )

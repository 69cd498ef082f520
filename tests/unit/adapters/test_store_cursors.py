"""The page cursor."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.adapters.store import cursors
from provenance.core.errors import InvalidRequest
from provenance.core.types import WorkId

times = st.datetimes(timezones=st.just(UTC))
ids = st.integers(0, 2**64 - 1).map(WorkId)


@given(times, ids)
def test_a_cursor_comes_back(created_at: datetime, work_id: WorkId) -> None:
    cursor = cursors.encode(created_at, work_id)
    assert len(cursor) == 32
    assert cursors.decode(cursor) == (created_at, work_id)


@given(times, ids, st.integers(0, 31), st.sampled_from("ABCXYZabcxyz0189-_"))
def test_a_mangled_cursor_is_refused(created_at: datetime, work_id: WorkId, position: int, letter: str) -> None:
    cursor = cursors.encode(created_at, work_id)
    mangled = cursor[:position] + letter + cursor[position + 1 :]
    if mangled != cursor:
        with pytest.raises(InvalidRequest):
            cursors.decode(mangled)


@given(st.text(max_size=64))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="cursor"):
        cursors.decode(text)


def test_a_later_version_is_refused() -> None:
    body = b"\x02" + bytes(16)
    forged = cursors.base64.urlsafe_b64encode(body + cursors._check(body)).decode()
    with pytest.raises(InvalidRequest):
        cursors.decode(forged)


def test_a_time_that_no_datetime_can_hold_is_refused() -> None:
    body = cursors._LAYOUT.pack(1, 2**62, 0)
    forged = cursors.base64.urlsafe_b64encode(body + cursors._check(body)).decode()
    with pytest.raises(InvalidRequest):
        cursors.decode(forged)


@given(times, st.text(st.characters(codec="utf-8"), max_size=40))
def test_a_named_cursor_comes_back(created_at: datetime, name: str) -> None:
    assert cursors.decode_named(cursors.encode_named(created_at, name)) == (created_at, name)


@given(st.text(max_size=64))
def test_any_other_text_is_no_named_cursor(text: str) -> None:
    with pytest.raises(InvalidRequest, match="cursor"):
        cursors.decode_named(text)


def test_the_two_kinds_of_cursors_are_not_taken_for_each_other() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with pytest.raises(InvalidRequest):
        cursors.decode_named(cursors.encode(now, WorkId(7)))
    with pytest.raises(InvalidRequest):
        cursors.decode(cursors.encode_named(now, "bat_1"))

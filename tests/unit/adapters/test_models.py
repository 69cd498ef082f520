import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from provenance.adapters.models import OwnedMatcher
from provenance.core.errors import Busy, Unavailable


class SlowMatcher:
    """Answers with the picture's first byte; can be held, and remembers its batches and threads."""

    models = ("slow-1",)

    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.batches: list[int] = []
        self.threads: set[str] = set()
        self.applied: list[int] = []
        self.sealed = 0

    def describe(self, pictures):
        self.entered.set()
        assert self.gate.wait(5)
        self.threads.add(threading.current_thread().name)
        self.batches.append(len(pictures))
        if any(picture[0, 0, 0] == 99 for picture in pictures):
            raise ValueError("bad picture")
        return [bytes([picture[0, 0, 0]]) for picture in pictures]

    def match(self, picture, *, candidates=()):
        self.threads.add(threading.current_thread().name)
        return list(candidates)

    def apply(self, operations):
        self.applied.extend(operations)

    def checkpoint(self):
        return len(self.applied)

    def seal(self):
        self.sealed += 1


def picture(value: int):
    return np.full((2, 2, 3), value, np.uint8)


@pytest.fixture
def slow():
    return SlowMatcher()


@pytest.fixture
def owned(slow):
    owned = OwnedMatcher(slow, places=16)
    yield owned
    slow.gate.set()
    owned.close()


def test_everybody_gets_their_own_answer_and_the_owner_batches(slow, owned):
    slow.gate.clear()
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(owned.describe, [picture(0)])
        assert slow.entered.wait(5)  # the owner is held on the first; the others pile up behind it
        rest = [pool.submit(owned.describe, [picture(n), picture(n + 100)]) for n in range(1, 7)]
        while owned.waiting < 6:
            pass
        slow.gate.set()
        assert first.result(5) == [b"\x00"]
        assert [answer.result(5) for answer in rest] == [[bytes([n]), bytes([n + 100])] for n in range(1, 7)]
    assert slow.batches == [1, 12]
    assert slow.threads == {"models"}


def test_a_bad_picture_fails_alone(slow, owned):
    slow.gate.clear()
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(owned.describe, [picture(0)])
        assert slow.entered.wait(5)
        good, bad = pool.submit(owned.describe, [picture(1)]), pool.submit(owned.describe, [picture(99)])
        while owned.waiting < 2:
            pass
        slow.gate.set()
        assert first.result(5)
        assert good.result(5) == [b"\x01"]
        with pytest.raises(ValueError, match="bad picture"):
            bad.result(5)


def test_a_full_queue_says_busy(slow):
    owned = OwnedMatcher(slow, places=1)
    slow.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(owned.describe, [picture(1)])
        assert slow.entered.wait(5)
        waiting = pool.submit(owned.describe, [picture(2)])
        while owned.waiting < 1:
            pass
        with pytest.raises(Busy) as caught:
            owned.match(picture(3))
        assert caught.value.retry_after > 0
        slow.gate.set()
        assert running.result(5)
        assert waiting.result(5)
    owned.close()


def test_other_calls_pass_through_in_order(slow, owned):
    owned.apply(iter([1, 2]))
    assert owned.checkpoint() == 2
    assert owned.match(picture(1), candidates=["a"]) == ["a"]
    owned.seal()
    assert slow.sealed == 1
    assert owned.models == ("slow-1",)


def test_after_close_it_is_unavailable(slow):
    owned = OwnedMatcher(slow, places=1)
    owned.close()
    owned.close()
    with pytest.raises(Unavailable):
        owned.match(picture(1))


def test_another_matcher_takes_over_behind_the_requests_that_wait(owned, slow):
    other = SlowMatcher()
    other.models = ("slow-2",)
    slow.gate.clear()
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(owned.describe, [picture(1)])
        assert slow.entered.wait(5)
        change = pool.submit(owned.succeed, other)
        assert owned.models == ("slow-1",)
        slow.gate.set()
        first.result(5), change.result(5)
    owned.describe([picture(2)])
    owned.apply([7])

    assert owned.models == ("slow-2",)
    assert (slow.batches, other.batches) == ([1], [1])
    assert (slow.applied, other.applied, owned.checkpoint()) == ([], [7], 1)
    assert slow.threads == other.threads == {"models"}

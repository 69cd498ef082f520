"""A licence that is stopped, and one that holds again."""

from datetime import timedelta

import pytest

from provenance.core.errors import NotFound
from tests.records import NOON, a_grant, a_work, an_offer, keys_of


def test_a_licence_is_stopped_and_let_go_on(store):
    work = a_work(1)
    offer = an_offer("off_1", work)
    with store.unit() as unit:
        unit.works.add(work, keys_of(work))
        unit.licences.add_offer(offer)
        unit.licences.add_grant(a_grant("lic_1", offer))
        unit.licences.add_grant(a_grant("lic_2", offer))
    for since in (NOON, NOON + timedelta(days=1), None):
        with store.unit() as unit:
            unit.licences.stop("lic_1", since)
        with store.read() as unit:
            assert unit.licences.grant("lic_1").revoked_at == since
            assert unit.licences.grant("lic_2").revoked_at is None
    with pytest.raises(NotFound), store.unit() as unit:
        unit.licences.stop("lic_3", NOON)

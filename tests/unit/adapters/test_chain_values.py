"""Keys, fees, options, names and the null ledger: no chain is asked."""

import copy
import logging
import pickle
import traceback
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.adapters.chain import EvmLedger, EvmOptions, Fees, NullLedger, ReadOnlyLedger, SigningKey
from provenance.core.errors import Misconfigured
from tests.evm import ADDRESS, KEY

pytestmark = pytest.mark.chain

SECRET = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
URL = "https://user:hunter2@rpc.example:8545/v3/APIKEY?token=APIKEY"
ROOT = bytes(range(32))
PRICE = st.integers(0, 10**15)


class TestKey:
    @pytest.mark.parametrize("text", [SECRET, "0x" + SECRET, f" {SECRET}\n", SECRET.upper()])
    def test_it_reads_hex_with_or_without_0x(self, text):
        assert SigningKey(text).address == "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"

    @pytest.mark.parametrize(
        "text",
        ["", "0x", SECRET[:-1], SECRET + "0", "g" * 64, "0" * 64, "f" * 64, f"{SECRET} {SECRET}"],
        ids=["empty", "0x", "short", "long", "not hex", "zero", "above the order", "two"],
    )
    def test_anything_else_is_refused_without_repeating_it(self, text):
        with pytest.raises(Misconfigured, match="private key") as refused:
            SigningKey(text)
        shown = "".join(traceback.format_exception(refused.value)) + str(refused.value.hint)
        assert SECRET[:-1] not in shown
        assert refused.value.__cause__ is None
        assert refused.value.__context__ is None

    def test_it_shows_only_its_address(self):
        key = SigningKey(SECRET)
        assert SECRET not in repr(key) + str(key)
        assert key.address in repr(key)
        for leak in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="can't be pickled"):
                leak(key)


class TestNames:
    def test_a_ledger_shows_neither_its_key_nor_its_urls_secrets(self):
        ledger = EvmLedger(URL, ADDRESS, private_key=SECRET, chain_id=10)
        shown = repr(ledger) + str(vars(ledger)) + repr(ledger._node)
        assert SECRET not in shown
        assert "hunter2" not in shown
        assert "APIKEY" not in shown
        assert "rpc.example" in repr(ledger)

    def test_the_name_is_the_chains_caip_2_name(self):
        assert EvmLedger(URL, ADDRESS, private_key=SECRET, chain_id=10).name == "eip155:10"
        assert ReadOnlyLedger(URL, ADDRESS, publisher=ADDRESS, chain_id=1).name == "eip155:1"

    def test_the_publisher_is_the_keys_address(self):
        assert EvmLedger(URL, ADDRESS, private_key=KEY, chain_id=10).publisher == ADDRESS

    @pytest.mark.parametrize("url", ["", "ftp://host", "/var/run/geth.ipc", "https://", "rpc.example:8545"])
    def test_a_url_that_is_no_http_url_is_refused(self, url):
        with pytest.raises(Misconfigured, match="RPC URL"):
            EvmLedger(url, ADDRESS, private_key=SECRET, chain_id=10)


class TestOptions:
    @pytest.mark.parametrize(
        "wrong", [{"confirmations": 0}, {"gas_margin_percent": -1}, {"timeout_seconds": 0.0}], ids=str
    )
    def test_impossible_options_are_refused(self, wrong):
        with pytest.raises(Misconfigured):
            EvmOptions(**wrong)


class TestFees:
    @given(base_fee=PRICE, tip=PRICE)
    def test_the_price_holds_for_five_full_blocks(self, base_fee, tip):
        fees = Fees.over(base_fee, tip)
        for _ in range(5):
            base_fee += base_fee // 8
        assert base_fee + fees.tip <= fees.max_fee

    @given(old=st.builds(Fees, PRICE, PRICE), market=st.builds(Fees, PRICE, PRICE))
    def test_a_replacement_pays_an_eighth_more_of_both_and_at_least_the_market(self, old, market):
        new = old.raised(market)
        assert new.max_fee * 8 >= old.max_fee * 9
        assert new.tip * 8 >= old.tip * 9
        assert new.max_fee >= market.max_fee
        assert new.tip >= market.tip

    def test_a_price_of_a_few_wei_rises_too(self):
        assert Fees(1, 1).raised(Fees(0, 0)) == Fees(2, 2)


class TestNullLedger:
    def test_it_is_refused_in_production(self):
        with pytest.raises(Misconfigured, match="production"):
            NullLedger(production=True, clock=lambda: datetime.now(UTC))

    def test_it_warns_when_it_starts_and_for_every_anchor(self, caplog):
        with caplog.at_level(logging.WARNING):
            ledger = NullLedger(production=False, clock=lambda: datetime.now(UTC))
            ledger.send(ledger.prepare(ROOT, 1).raw_tx)
        assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
        assert "prove nothing" in caplog.messages[0]
        assert ROOT.hex() in caplog.messages[1]

    def test_the_time_is_the_given_clocks(self):
        noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
        ledger = NullLedger(production=False, clock=lambda: noon)
        ledger.send(ledger.prepare(ROOT, 1).raw_tx)
        assert ledger.confirm(ROOT) == noon

    def test_after_a_restart_the_stored_bytes_can_be_sent_again(self):
        prepared = NullLedger(production=False, clock=lambda: datetime.now(UTC)).prepare(ROOT, 1)
        restarted = NullLedger(production=False, clock=lambda: datetime.now(UTC))
        restarted.send(prepared.raw_tx)
        assert restarted.receipt(prepared.tx_hash).final is True

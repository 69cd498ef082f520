"""Which addresses a stranger's URL may lead to."""

import ipaddress
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.adapters.http.addresses import checked_addresses, is_public, is_public_or_loopback
from provenance.core.errors import InvalidRequest, Unavailable

FORBIDDEN = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1", "127.255.255.254",
    "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:93.184.215.14", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::5db8:d70e", "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:0:53aa:64c:0:0:80ff:fffe", "2001:20::1",
    "2001:db8::1", "2002:7f00:1::", "2002:5db8:d70e::1", "2606:2800::5efe:10.0.0.1", "2606:2800::200:5efe:a00:1",
    "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "2606:2800:21f::1",
]


@pytest.mark.parametrize("text", FORBIDDEN)
def test_special_addresses_are_not_public(text):
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_ordinary_addresses_are_public(text):
    assert is_public(ipaddress.ip_address(text))


@given(st.ip_addresses())
def test_nothing_is_public_that_python_calls_special(address):
    """The standard library's view, which knows fewer ranges, is never wider than ours where it is sure."""
    special = address.is_private or address.is_multicast or address.is_loopback or address.is_link_local
    assert not (special and is_public(address))


@given(st.ip_addresses(v=4))
def test_no_ipv6_form_smuggles_an_ipv4_address_in(address):
    number = int(address)
    for prefix, shift in (("::", 0), ("::ffff:0:0", 0), ("64:ff9b::", 0), ("2002::", 80), ("2001::", 64)):
        assert not is_public(ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | number << shift))


def answer(*texts: str):
    return lambda host, port: list(texts)


def test_public_answers_are_kept_in_order():
    found = checked_addresses("a.example", 443, resolve=answer(*PUBLIC), seconds=5)
    assert [str(address) for address in found] == PUBLIC


@pytest.mark.parametrize("text", ["10.0.0.1", "fe80::1%eth0", "::ffff:10.0.0.1"])
def test_one_forbidden_address_refuses_the_host(text):
    with pytest.raises(InvalidRequest, match="not on the public internet") as caught:
        checked_addresses("a.example", 443, resolve=answer("1.1.1.1", text), seconds=5)
    assert text not in caught.value.reason


def test_the_loopback_is_admitted_for_tests_alone():
    with pytest.raises(InvalidRequest):
        checked_addresses("localhost", 80, resolve=answer("127.0.0.1"), seconds=5)
    assert checked_addresses(
        "localhost", 80, resolve=answer("127.0.0.1", "::1"), seconds=5, allowed=is_public_or_loopback
    )
    with pytest.raises(InvalidRequest):
        checked_addresses("a.example", 80, resolve=answer("10.0.0.1"), seconds=5, allowed=is_public_or_loopback)


@pytest.mark.parametrize("error", [OSError("no such host"), UnicodeError("label too long")])
def test_a_failed_lookup_is_unavailable(error):
    def fail(host: str, port: int) -> list[str]:
        raise error

    with pytest.raises(Unavailable, match="has no address"):
        checked_addresses("a.example", 80, resolve=fail, seconds=5)


@pytest.mark.parametrize("texts", [(), ("not an address",)])
def test_a_senseless_answer_is_unavailable(texts):
    with pytest.raises(Unavailable, match="has no address"):
        checked_addresses("a.example", 80, resolve=answer(*texts), seconds=5)


def test_a_slow_lookup_is_given_up():
    done = threading.Event()

    def wait(host: str, port: int) -> list[str]:
        done.wait(30)
        return ["1.1.1.1"]

    try:
        with pytest.raises(Unavailable, match="took too long"):
            checked_addresses("a.example", 80, resolve=wait, seconds=0.05)
    finally:
        done.set()

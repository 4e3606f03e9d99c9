"""Which addresses may be asked: no spelling of an inner one gets through."""

import ipaddress

import pytest

from drafts import outbound
from drafts.outbound import Forbidden, Limits, OutboundError
from drafts.outbound.addresses import is_public, unmapped


@pytest.fixture(autouse=True)
def _nothing_is_allowed(settings):
    """As it is by default."""
    settings.OUTBOUND_ALLOW = []


def fetch(url: str) -> None:
    with outbound.get(url, limits=Limits(size=100)):
        pass


PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1", "::ffff:8.8.8.8"]
INSIDE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::10.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:a00:1::1",
    "2002:7f00:1::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_may_be_asked(text):
    assert is_public(unmapped(ipaddress.ip_address(text)))


@pytest.mark.parametrize("text", INSIDE)
def test_an_address_inside_may_not(text):
    assert not is_public(unmapped(ipaddress.ip_address(text)))


SPELLINGS = [
    "http://127.0.0.2/",
    "http://localhost/",
    "https://localhost./",
    "http://2130706434/",
    "http://0x7f000002/",
    "http://0177.0.0.2/",
    "http://127.2/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::ffff:a00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[fe80::1%25lo]/",
    "https://[fe80::1%lo]/",
    "http://169.254.169.254/latest/meta-data/",
    "https://0/",
    "https://10.0.0.1:8443/",
]


@pytest.mark.parametrize("url", SPELLINGS)
def test_no_spelling_of_an_inner_address_is_asked(url):
    with pytest.raises(Forbidden):
        fetch(url)


NO_ADDRESSES = [
    "ftp://index.example/",
    "file:///etc/passwd",
    "//index.example/",
    "https://",
    "https://user@index.example/",
    "https://user:secret@index.example/",
    "https://index.example\\@127.0.0.1/",
    "https://index.example/a b",
    "https://index.example/\r\nHost: other",
    "https://index.example:99999/",
    "https://[::1",
    "https://１２７.0.0.1/",
    "https://index。example/",
    "https://ex%61mple/",
    "https://a,b/",
]


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_what_is_no_plain_address_is_refused(url):
    with pytest.raises(Forbidden):
        fetch(url)


def test_every_refusal_is_a_sentence():
    for url in [*NO_ADDRESSES, *SPELLINGS]:
        with pytest.raises(OutboundError) as refused:
            fetch(url)
        assert str(refused.value).endswith((".", ")."))

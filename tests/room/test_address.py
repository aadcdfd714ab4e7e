"""The address in the QR code is one that phones can reach, or the screen says that it is not."""

from __future__ import annotations

import pytest

from ae_core.errors import ConfigError
from pages.shared.room import address


@pytest.mark.parametrize(
    "asked", ["http://192.168.1.7:8501", "https://lab.example.org/lab", "http://laptop.local:8501/"]
)
def test_the_address_that_was_asked_for_is_offered(asked):
    assert address.find_address(asked, "") == address.Address(asked.rstrip("/"), is_reachable=True)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "lab.localhost"])
def test_on_the_machine_itself_its_own_address_is_offered(host, monkeypatch):
    monkeypatch.setattr(address, "own_address", lambda: "10.42.0.1")
    found = address.find_address(f"http://{host}:8501/lab", "")
    assert found == address.Address("http://10.42.0.1:8501/lab", is_reachable=True)


@pytest.mark.parametrize(
    ("own", "listens_on"), [("10.42.0.1", "127.0.0.1"), ("10.42.0.1", "localhost"), ("", "")]
)
def test_an_address_that_is_only_this_machines_is_told(own, listens_on, monkeypatch):
    monkeypatch.setattr(address, "own_address", lambda: own)
    assert not address.find_address("http://localhost:8501", listens_on).is_reachable


def test_the_setting_comes_before_everything_and_must_be_an_address(monkeypatch):
    monkeypatch.setenv("AE_LAB_PUBLIC_URL", "https://lab.example.org/lab/")
    found = address.find_address("http://localhost:8501", "127.0.0.1")
    assert found == address.Address("https://lab.example.org/lab", is_reachable=True)
    for wrong in ("lab.example.org", "javascript:alert(1)", "https://a.example/?x=1"):
        monkeypatch.setenv("AE_LAB_PUBLIC_URL", wrong)
        with pytest.raises(ConfigError, match="AE_LAB_PUBLIC_URL must be"):
            address.public_url()


def test_this_machine_has_no_address_that_only_it_can_reach():
    assert not address.own_address().startswith("127.")

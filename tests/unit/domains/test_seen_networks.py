"""A credential that is used where it never was: told once, over processes and restarts, and again after 30 days."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.domains.seen_networks import FILE, KEPT_DAYS, SeenNetworks, wide_network


def test_the_first_network_is_no_news_and_each_other_is_told_once(tmp_path: Path) -> None:
    seen = SeenNetworks(tmp_path / FILE)
    assert not (tmp_path / FILE).exists()
    assert seen.used("k1", "203.0.113.9", 1) == ""
    assert seen.used("k1", "203.0.113.77:4000", 1) == ""
    assert [seen.used("k1", "198.51.100.7", day) for day in (1, 1, 2)] == ["198.51.100.0/24", "", ""]
    assert seen.used("k2", "198.51.100.7", 1) == ""
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_all_processes_know_and_so_does_who_comes_after(tmp_path: Path) -> None:
    one, other = SeenNetworks(tmp_path / FILE), SeenNetworks(tmp_path / FILE)
    one.used("k1", "203.0.113.9", 1)
    assert one.used("k1", "198.51.100.7", 1)
    assert other.used("k1", "198.51.100.8", 1) == ""
    assert SeenNetworks(tmp_path / FILE).used("k1", "198.51.100.9", 9) == ""


def test_a_month_later_it_is_new_again(tmp_path: Path) -> None:
    seen = SeenNetworks(tmp_path / FILE)
    for day in (1, 2):
        seen.used("k1", "203.0.113.9", day)
    seen.used("k1", "198.51.100.7", 2)
    seen.used("k1", "203.0.113.9", 20)
    assert seen.used("k1", "198.51.100.7", 3 + KEPT_DAYS) == "198.51.100.0/24"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.0/24"), ("203.0.113.9:80", "203.0.113.0/24"), ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("[2001:db8:1::7]:80", "2001:db8:1::/48"), ("::ffff:203.0.113.9", "203.0.113.0/24"), ("", ""), ("who", ""),
    ],
)  # fmt: skip
def test_addresses_count_as_their_wide_network(address: str, network: str) -> None:
    assert wide_network(address) == network


def test_thousands_of_networks_have_a_bounded_place(tmp_path: Path) -> None:
    seen = SeenNetworks(tmp_path / FILE)
    for number in range(30_000):
        seen.used("k1", f"10.{number >> 8 & 255}.{number & 255}.1", 1 + number // 10_000)
    assert (tmp_path / FILE).stat().st_size < 500_000
    assert seen.used("k1", "10.117.47.2", 3) == ""


def test_a_disk_that_can_not_be_written_stops_nobody(tmp_path: Path) -> None:
    seen = SeenNetworks(tmp_path / "gone" / FILE)
    seen.used("k1", "203.0.113.9", 1)
    assert seen.used("k1", "198.51.100.7", 1) == "198.51.100.0/24"

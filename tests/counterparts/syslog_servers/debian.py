"""The servers' packages."""

from __future__ import annotations

from pathlib import Path

from counterparts import debian_packages
from counterparts.debian_packages import environment

__all__ = ["environment", "installed", "unpacked"]

_PACKAGES = ("rsyslog", "rsyslog-gnutls", "syslog-ng-core", "liblognorm-utils")


def installed() -> Path:
    """As `unpacked`; where that is impossible a test is skipped with the reason, and in CI it fails."""
    return debian_packages.installed("syslog", *_PACKAGES)


def unpacked() -> Path:
    """The root of a tree with both servers."""
    return debian_packages.unpacked("syslog", *_PACKAGES)

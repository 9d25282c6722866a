"""Which file system the data directory lies on."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.settings.mounts import data_dir_warning, file_system_of

MOUNTS = """\
overlay / overlay rw,relatime 0 0
/dev/sda1 /data ext4 rw 0 0
tmpfs /data/tmp tmpfs rw 0 0
server:/x /mnt/my\\040share nfs4 rw 0 0
/dev/sdb1 /data2 xfs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/x", "overlay"),
        ("/data/a", "ext4"),
        ("/data", "ext4"),
        ("/data/tmp/x", "tmpfs"),
        ("/mnt/my share/a", "nfs4"),
        ("/data2", "xfs"),
    ],
)
def test_longest_mount_point_counts(path: str, kind: str) -> None:
    """`/data2` is not below `/data`; spaces are written as octal."""
    assert file_system_of(Path(path), MOUNTS) == kind


@pytest.mark.parametrize(
    ("path", "warned"), [("/data/a", False), ("/data/tmp/a", True), ("/mnt/my share/a", True), ("/x", True)]
)
def test_file_systems_that_forget_are_named(path: str, warned: bool) -> None:
    """tmpfs, overlay and network file systems."""
    warning = data_dir_warning(Path(path), MOUNTS)
    assert (warning is not None) == warned
    assert warning is None or path in warning


def test_unknown_mounts_are_no_reason_to_warn() -> None:
    """Another operating system has no /proc/mounts."""
    assert data_dir_warning(Path("/x"), "") is None

"""Which file system a path is on, as far as it matters: whether locks can be relied on."""

from __future__ import annotations

import os
from pathlib import Path

_NETWORK = frozenset(
    {
        *(
            "nfs",
            "nfs4",
            "cifs",
            "smb3",
            "smbfs",
            "ncpfs",
            "afs",
            "ceph",
            "lustre",
            "gpfs",
            "beegfs",
            "ocfs2",
        ),
        *("glusterfs", "fuse.sshfs", "fuse.s3fs", "fuse.gcsfuse", "fuse.rclone", "fuse.glusterfs"),
        *("fuse.blobfuse", "fuse.blobfuse2", "fuse.juicefs", "fuse.ceph"),
    }
)
_MOUNTS = Path("/proc/self/mountinfo")


def network_file_system(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """The name of the network file system that a path is on; None if it is on none, or that can't be told.

    Args:
        path: of a file or folder that is there.
        mounts: the kernel's table of mounts, which Linux alone has.
    """
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return None
    real = os.path.realpath(path)
    best, found = "", None
    for line in lines:
        before, _, after = line.partition(" - ")
        point = before.split()[4].encode().decode("unicode_escape")
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, found = point, after.split()[0]
    return found if found in _NETWORK else None

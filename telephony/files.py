"""Files from elsewhere, read with care, and folders for what only their owner may read. Blocking."""

from __future__ import annotations

import errno
import os
import shlex
import stat
from pathlib import Path
from typing import BinaryIO


def read_file(path: Path, limit: int) -> bytes:
    """The content of a regular file (or of a link to one) of at most `limit` bytes. Raises OSError.

    A folder that somebody sent may hold a pipe that never answers, a link to an endless device, or a file that claims
    to be larger than the memory: these are refused before anything is read.
    """
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise OSError(errno.EFBIG, f"the file is longer than {limit:,} bytes", str(path))
        return file.read(size)  # and nothing that is appended meanwhile


def read_beginning(path: Path, limit: int) -> bytes:
    """The first `limit` bytes of a regular file. Raises OSError."""
    with _opened(path) as file:
        return file.read(limit)


def _opened(path: Path) -> BinaryIO:
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)  # opening a pipe must not wait for its writer
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "this is not a regular file", str(path))
    return open(handle, "rb")


def shared_with(path: Path) -> str:
    """What to do about a folder that exists and that others than its owner may read or write; "" if nothing."""
    try:
        found = path.stat()
    except OSError:
        return ""
    if not found.st_mode & 0o077:
        return ""
    if found.st_uid != os.getuid() or found.st_mode & stat.S_ISVTX:  # somebody else's, or one for everybody like /tmp
        return "choose a folder that only this user may read"
    return f"chmod -R go= {shlex.quote(str(path.absolute()))}"


def private_folder(path: Path) -> None:
    """Creates the folder, and those above it that are missing, for their owner only (0700). One that exists is left as
    it is. Raises OSError. (`Path.mkdir` gives its mode to the last folder only.)"""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing or [path]):
        folder.mkdir(mode=0o700, exist_ok=True)

"""The key of this installation: random, made once, kept in the data directory, readable by its owner only.

Callers are pseudonyms under it where a vendor asks for one: the same for each call, and meaningless elsewhere.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

import structlog

from telephony.files import private_folder, read_file

log = structlog.get_logger()

KEY_BYTES = 32
NAME = "installation.key"


def installation_key(data: Path | None) -> bytes:
    """The key kept in `data`, made if there is none. Without a usable directory, one for this process."""
    made = secrets.token_bytes(KEY_BYTES)
    if data is None:
        return made
    path = data / NAME
    try:
        private_folder(data)
        with suppress(FileExistsError):
            _write_whole(path, made)
        kept = read_file(path, KEY_BYTES)
    except OSError as error:
        log.warning("installation_key_not_kept", data=str(data), why=error.strerror)
        return made
    if len(kept) < KEY_BYTES:
        log.warning("installation_key_unusable", path=str(path))
        return made
    return kept


def _write_whole(path: Path, key: bytes) -> None:
    """Writes the file under another name first, so that another process never reads half of it."""
    other = path.with_suffix(f".{secrets.token_hex(8)}")
    with open(os.open(other, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key)
    try:
        os.link(other, path)
    finally:
        other.unlink()

"""Stores post-call webhooks: each event is written to disk once and delivered to the user's hook at least once.

Theory of operation. A body is written to a file under `coming/` while its signature is being checked. It is then moved
to `waiting/` by a hard link, which fails if the event is already there: this is all the deduplication there is, and it
survives a restart. Only then does the platform get its 200. One task passes waiting events to the hook in order of
arrival and moves each to `done/` when the hook has returned. If the hook raises, it is called again after a delay, and
after a restart. So no event is lost, and a crash between the hook and the move costs at most a second call of the hook.

Files are readable by their owner only, and are kept until somebody deletes them.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog

from telephony.clock import Clock
from telephony.elevenlabs.post_call import PostCall, Signature, file_name, read
from telephony.files import private_folder
from telephony.threads import in_task, in_thread
from telephony.uploads import FIRST_MS, TooBig, Upload, Uploads

log = structlog.get_logger()

MAX_BYTES = 32 * 2**20
"""Largest accepted body. The audio of a long call is tens of megabytes (MP3 in base64: over half an hour fits)."""
BODY_MS = 30_000
"""How long an upload may take."""
STALE_S = 3_600
"""Unfinished uploads older than this are left over from a crash."""
HOOK_MS = 60_000
"""A hook that takes longer counts as failed, because other events wait behind it."""
RETRY_MS = (1_000, 10_000, 60_000, 600_000)
"""Delays after consecutive failures of the hook; the last one repeats."""

Hook = Callable[[PostCall], Any]
"""The user's function: async, or sync (it then runs in a thread)."""


class WebhookStore:
    """See the module docstring. Events are delivered while `run` is running; without a hook they are only stored."""

    def __init__(self, directory: Path, hook: Hook | None, clock: Clock) -> None:
        self._waiting, self._done, self._coming = (directory / name for name in ("waiting", "done", "coming"))
        self._hook, self._clock = hook, clock
        self._work = asyncio.Event()
        self._prepared = False
        self._uploads = Uploads(clock)
        self._running: dict[str, asyncio.Future[Any]] = {}  # calls of a sync hook still in their thread, by file name

    def prepare(self) -> None:
        """Creates the directories and deletes unfinished uploads older than `STALE_S` (younger ones may
        belong to another process). Raises OSError."""
        for path in (self._waiting, self._done, self._coming):
            private_folder(path)
        for left in self._coming.iterdir():
            if left.stat().st_mtime < self._clock.wall_s() - STALE_S:
                left.unlink(missing_ok=True)
        self._prepared = True

    async def take(self, pieces: AsyncIterable[bytes], signature: Signature, peer: str = "") -> tuple[PostCall, bool]:
        """Stores the event in a body and returns (event, whether it is new). It is on disk when this returns. `peer` is
        the sender's address.

        Raises BadSignature, ValueError (not an event), TooBig, TooMany, TimeoutError (the upload took too long, or had
        to make room) or OSError; in these cases nothing is stored.
        """
        body = aiter(pieces)
        async with self._clock.timeout(FIRST_MS):
            first = await anext(body, b"")
        upload = await self._uploads.enter(peer)
        try:
            event, new = await self._take(first, body, signature, upload)
        finally:
            self._uploads.leave(upload)
        if new:
            self._work.set()
        return event, new

    async def run(self) -> None:
        """Delivers waiting events to the hook, until cancelled."""
        tries = 0
        while True:
            self._work.clear()
            tries = 0 if await self._deliver_all() else tries + 1
            wait_ms = RETRY_MS[min(tries, len(RETRY_MS)) - 1] if tries else None
            with suppress(TimeoutError):
                async with self._clock.timeout(wait_ms):
                    await self._work.wait()

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _take(
        self, first: bytes, body: AsyncIterator[bytes], signature: Signature, upload: Upload
    ) -> tuple[PostCall, bool]:
        if not self._prepared:  # the directory was unavailable at start
            await asyncio.to_thread(self.prepare)
        file, name = await asyncio.to_thread(tempfile.mkstemp, dir=self._coming)
        path, digest, size, piece = Path(name), sha256(), 0, first
        try:
            with os.fdopen(file, "wb") as out:
                try:
                    async with self._clock.timeout(BODY_MS) as upload.deadline:
                        while piece:
                            size += len(piece)
                            if size > MAX_BYTES:
                                raise TooBig
                            upload.received(len(piece), self._clock.ms())
                            signature.update(piece)
                            digest.update(piece)
                            await asyncio.to_thread(out.write, piece)
                            piece = await anext(body, b"")
                finally:
                    upload.deadline = None
                signature.check()
            return await asyncio.to_thread(self._keep, path, digest.hexdigest())
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    def _keep(self, path: Path, digest: str) -> tuple[PostCall, bool]:
        with path.open("rb") as file:
            try:
                event = read(json.load(file))
            except RecursionError:
                raise ValueError("nested too deeply") from None
            os.fsync(file.fileno())
        name = file_name(event, digest)
        if (self._done / name).exists():
            return event, False
        try:
            os.link(path, self._waiting / name)
        except FileExistsError:
            return event, False
        _sync(self._waiting)
        return event, True

    async def _deliver_all(self) -> bool:
        """Delivers every waiting event; False if any delivery failed and must be retried."""
        try:
            queue = await asyncio.to_thread(self._queue)
        except OSError:
            log.exception("after_call_failed", file="")
            return False
        return all([await self._deliver(path) for path in queue])

    async def _deliver(self, path: Path) -> bool:
        try:
            event = read(await asyncio.to_thread(_load, path))
            if self._hook is not None:
                async with self._clock.timeout(HOOK_MS):
                    await self._call_hook(self._hook, path.name, event)
            await asyncio.to_thread(path.replace, self._done / path.name)
        except Exception:
            log.exception("after_call_failed", file=path.name)
            return False
        log.info("after_call_done", kind=event.kind, conversation_id=event.conversation_id)
        return True

    async def _call_hook(self, hook: Hook, name: str, event: PostCall) -> None:
        """Calls the hook. A thread cannot be stopped, so a call that timed out is awaited again, not repeated."""
        if inspect.iscoroutinefunction(hook):
            await in_task("after call", hook(event))
            return
        running = self._running.get(name)
        if running is None:
            running = self._running[name] = in_thread("after call", hook, event)
        try:
            result = await asyncio.shield(running)
        finally:
            if running.done():
                del self._running[name]
        if inspect.isawaitable(result):
            await in_task("after call", result)

    def _queue(self) -> list[Path]:
        found = [(path.stat().st_mtime_ns, path) for path in self._waiting.glob("*.json")]
        return [path for _, path in sorted(found)]


def _load(path: Path) -> object:
    with path.open("rb") as file:
        loaded: object = json.load(file)
    return loaded


def _sync(directory: Path) -> None:
    """Flushes the directory: without this, a new file name may not survive a crash."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

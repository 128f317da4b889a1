"""Post-call webhooks, kept and handed on: each exactly once to disk, at least once to the user's hook.

Theory of operation. A body is written to a file while it is being checked, and takes its place under `waiting/` by a
hard link, which fails where the event is known: that is the whole of deduplication, and it outlives the process. Only
then the platform is told 200. One task hands what waits to the hook, in order of arrival, and moves it to `done/` when
the hook has returned; a hook that raises is asked again after a while, and at the next start. So nothing is lost
between the platform and the hook, and a crash between the two costs at most a repetition.

Files can only be read by their owner. They are kept until somebody deletes them.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import tempfile
from collections.abc import AsyncIterable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog

from telephony.clock import Clock
from telephony.elevenlabs.post_call import PostCall, Signature, file_name, read
from telephony.http_body import TooBig
from telephony.threads import in_thread

log = structlog.get_logger()

MOST_BYTES = 32 * 2**20
"""The audio of a long call is tens of megabytes (MP3 in base64: half an hour and more fits)."""
AT_ONCE = 4
"""Bodies that come at the same time; with `MOST_BYTES` this bounds what strangers can make us keep for a while."""
BODY_MS = 30_000
"""How long a body may take to come."""
LEFT_S = 3_600
HOOK_MS = 60_000
"""A hook that takes longer has failed: others wait behind it."""
AGAIN_MS = (1_000, 10_000, 60_000, 600_000)
"""After a hook has failed; the last of them from then on."""

Hook = Callable[[PostCall], Any]
"""The user's function, sync (it runs in a thread) or async."""


class TooMany(Exception):
    """`AT_ONCE` bodies are coming already."""


class WebhookStore:
    """See the module text. `run` hands on; without it, and without a hook, things are only kept."""

    def __init__(self, directory: Path, hook: Hook | None, clock: Clock) -> None:
        self._waiting, self._done, self._coming = (directory / name for name in ("waiting", "done", "coming"))
        self._hook, self._clock = hook, clock
        self._work = asyncio.Event()
        self._prepared = False
        self._taking = 0
        self._at_work: dict[str, asyncio.Future[Any]] = {}  # the hook in its threads, by file

    def prepare(self) -> None:
        """Makes the directories; clears what a crash left half written (not what another process is writing now).
        Raises OSError."""
        for path in (self._waiting, self._done, self._coming):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in self._coming.iterdir():
            if left.stat().st_mtime < self._clock.wall_s() - LEFT_S:
                left.unlink(missing_ok=True)
        self._prepared = True

    async def take(self, pieces: AsyncIterable[bytes], signature: Signature) -> tuple[PostCall, bool]:
        """Keeps the event in a body; (event, whether it is new). It is on disk when this returns.

        Raises NotGenuine, ValueError (no event), TooBig, TooMany, TimeoutError (it did not come in time), OSError;
        then nothing of it is kept.
        """
        if self._taking >= AT_ONCE:
            raise TooMany
        self._taking += 1
        try:
            event, new = await self._take(pieces, signature)
        finally:
            self._taking -= 1
        if new:
            self._work.set()
        return event, new

    async def run(self) -> None:
        """Hands on what waits, for ever."""
        tries = 0
        while True:
            self._work.clear()
            failed = not await self._hand_on()
            if not failed:
                tries = 0
                await self._work.wait()
                continue
            wait = AGAIN_MS[min(tries, len(AGAIN_MS) - 1)]
            tries += 1
            try:
                async with self._clock.timeout(wait):
                    await self._work.wait()
            except TimeoutError:
                pass

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _take(self, pieces: AsyncIterable[bytes], signature: Signature) -> tuple[PostCall, bool]:
        if not self._prepared:  # the disk was not to be had when we began
            await asyncio.to_thread(self.prepare)
        file, name = await asyncio.to_thread(tempfile.mkstemp, dir=self._coming)
        path, digest, size = Path(name), sha256(), 0
        try:
            with os.fdopen(file, "wb") as out:
                async with self._clock.timeout(BODY_MS):
                    async for piece in pieces:
                        size += len(piece)
                        if size > MOST_BYTES:
                            raise TooBig
                        signature.update(piece)
                        digest.update(piece)
                        await asyncio.to_thread(out.write, piece)
                signature.check()
            return await asyncio.to_thread(self._keep, path, digest.hexdigest())
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    def _keep(self, path: Path, digest: str) -> tuple[PostCall, bool]:
        with path.open("rb") as file:
            try:
                event = read(json.load(file))
            except RecursionError:
                raise ValueError("too deep") from None
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

    async def _hand_on(self) -> bool:
        """Everything that waits; False if something has to wait longer."""
        good = True
        try:
            queue = await asyncio.to_thread(self._queue)
        except OSError:
            log.exception("after_call_failed", file="")
            return False
        for path in queue:
            if not await self._hand(path):
                good = False
        return good

    async def _hand(self, path: Path) -> bool:
        try:
            event = read(await asyncio.to_thread(_load, path))
            if self._hook is not None:
                async with self._clock.timeout(HOOK_MS):
                    await self._ask(self._hook, path.name, event)
            await asyncio.to_thread(path.replace, self._done / path.name)
        except Exception:
            log.exception("after_call_failed", file=path.name)
            return False
        log.info("after_call_done", kind=event.kind, conversation_id=event.conversation_id)
        return True

    async def _ask(self, hook: Hook, name: str, event: PostCall) -> None:
        """Threads cannot be stopped: a run that took too long is waited for again, and not begun a second time."""
        if inspect.iscoroutinefunction(hook):
            await hook(event)
            return
        running = self._at_work.get(name)
        if running is None:
            running = self._at_work[name] = in_thread("after call", hook, event)
        try:
            result = await asyncio.shield(running)
        finally:
            if running.done():
                del self._at_work[name]
        if inspect.isawaitable(result):
            await result

    def _queue(self) -> list[Path]:
        found = [(path.stat().st_mtime_ns, path) for path in self._waiting.glob("*.json")]
        return [path for _, path in sorted(found)]


def _load(path: Path) -> object:
    with path.open("rb") as file:
        loaded: object = json.load(file)
    return loaded


def _sync(directory: Path) -> None:
    """A new name is only safe when its directory is."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""What runs while the local carrier does: a server, a client, and tasks beside the calls."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any

import httpx2
from starlette.applications import Starlette

from telephony.network.tls import tls
from telephony.testing.serving import serve_app


class Running:
    """`http` is there from `start` on. `spawn` runs something beside the call that needs it."""

    def __init__(self) -> None:
        self.http: httpx2.AsyncClient
        self._stack = AsyncExitStack()
        self._tasks: asyncio.TaskGroup

    async def start(self, app: Starlette) -> str:
        """Serves an app; returns its address."""
        base_url = await self._stack.enter_async_context(serve_app(app))
        self.http = await self._stack.enter_async_context(
            httpx2.AsyncClient(trust_env=False, timeout=None, verify=tls())
        )
        self._tasks = await self._stack.enter_async_context(asyncio.TaskGroup())
        return base_url

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.create_task(work)

    async def stop(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Waits for all that runs, as an exit from a context does."""
        try:
            return await self._stack.__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:
            if group.exceptions != (error,):
                raise
            return None  # lets the caller's own error through as it is, not wrapped in a group by our task group

"""Twilio's messages API, as small as these tests need it: what it answers is scripted by number or by turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from telephony.testing.serving import serve_app

SID = "AC" + "1" * 32
TOKEN = "a-token-for-tests"


@dataclass(slots=True)
class LocalMessages:
    """`answers`: one for each POST in turn: a status and Twilio's code, "hangs", "page" or "" (it is sent).
    `lines`: what Lookup says about a number."""

    base_url: str = ""
    answers: list[str] = field(default_factory=list)
    lines: dict[str, str] = field(default_factory=dict)
    posts: list[dict[str, str]] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    come: asyncio.Event = field(default_factory=asyncio.Event)
    leave: asyncio.Event = field(default_factory=asyncio.Event)

    async def post(self, request: Request) -> Response:
        self.posts.append(dict(parse_qsl((await request.body()).decode())))
        self.come.set()
        answer = self.answers.pop(0) if self.answers else ""
        if answer == "hangs":
            await self.leave.wait()
        if answer == "page":
            return Response("<html>", media_type="text/html")
        if answer and answer != "hangs":
            status, _, code = answer.partition(" ")
            return JSONResponse({"code": int(code or 0), "status": int(status)}, int(status))
        return JSONResponse({"sid": f"SM{len(self.posts):032d}", "status": "queued", "error_code": None}, 201)

    async def look_up(self, request: Request) -> Response:
        number = request.path_params["number"]
        self.looked_up.append(number)
        if number not in self.lines:
            return JSONResponse({"code": 20404}, 404)
        return JSONResponse({"line_type_intelligence": {"type": self.lines[number]}})


@asynccontextmanager
async def local_messages() -> AsyncIterator[LocalMessages]:
    local = LocalMessages()
    routes = [
        Route(f"/2010-04-01/Accounts/{SID}/Messages.json", local.post, methods=["POST"]),
        Route("/v2/PhoneNumbers/{number}", local.look_up),
    ]
    async with serve_app(Starlette(routes=routes)) as local.base_url:
        yield local
        local.leave.set()

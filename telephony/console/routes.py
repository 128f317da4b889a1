"""The console's routes: pages, login, links, and the page's socket. See `console.py`."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from telephony.clock import Clock
from telephony.console import pages
from telephony.console.access import COOKIE, GUEST_COOKIE, Access, Rules, Visit, secure, visit
from telephony.console.guests import GUEST_CALL_MS, GUEST_CALLS, TooManyCalls
from telephony.console.logins import LONGEST_GAP_MS, MOST_WAITING, Logins, TooManyTries, source
from telephony.console.page_socket import PageSocket
from telephony.console.passes import Kind, Pass, Passes
from telephony.console.recorded import CALLERS
from telephony.settings import Settings, local_model_note
from telephony.twilio.forwarded import header
from telephony.twilio.signature import trusted_prefix
from telephony.uploads import TooBig, gather

log = structlog.get_logger()

LOGIN_S = 12 * 3_600
LINK_S = 24 * 3_600
FORM_BYTES, FORM_MS = 4_096, 5_000
Serve = Callable[[PageSocket, int, Pass | None], Awaitable[None]]
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")


class ConsoleRoutes:
    """The endpoints. `serve` runs a call (`Console.serve`)."""

    def __init__(self, settings: Settings, serve: Serve, clock: Clock) -> None:
        self._serve, self._clock = serve, clock
        self._passes = Passes(settings.console_key)
        self._rules = Rules(settings.public_url, settings.trusted_proxies, bool(settings.console_key))
        self._logins = Logins(clock)
        self._note = local_model_note(settings)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/phone", self.phone),
            Route("/phone/login", self.login, methods=["POST"]),
            Route("/phone/logout", self.logout, methods=["POST"]),
            Route("/phone/share", self.share, methods=["POST"]),
            Route("/phone/share/{token}", self.phone),
            Route("/phone/static/{name}", self.static),
            WebSocketRoute("/phone/media", self.media),
        ]

    # --- pages ------------------------------------------------------------------------------------------------------

    async def phone(self, request: Request) -> Response:
        """The phone; for others the login, or why there is none."""
        link = request.path_params.get("token", "")
        found = self._visit(request.scope, link=link)
        match found.access:
            case Access.OWN | Access.LOGIN | Access.GUEST:
                response: Response = self._page(
                    request, "phone.html", access=found.access, minutes=GUEST_CALL_MS // 60_000, calls=GUEST_CALLS,
                    callers=CALLERS,
                    note=self._note,
                )  # fmt: skip
                if found.guest is not None and link:
                    self._set_cookie(request, response, GUEST_COOKIE, link, found.guest.expires_s)
                return response
            case Access.STRANGER:
                problem = "This link has expired, or is not whole: ask for another." if link else ""
                return self._page(request, "login.html", 401, problem=problem)
            case Access.CLOSED:
                return self._page(request, "closed.html", 403)
            case Access.FOREIGN:
                return self._foreign()

    async def static(self, request: Request) -> Response:
        return pages.static(request.path_params["name"])

    async def login(self, request: Request) -> Response:
        """The key, as a form -> a cookie and the phone. Keys are tried one after the other (`logins.py`)."""
        if (found := self._visit(request.scope, acts=True)).access is Access.FOREIGN:
            return self._foreign()
        if found.access is Access.CLOSED:
            return self._page(request, "closed.html", 403)
        given = (await self._form(request)).get("key", "")
        try:
            good = await self._logins.attempt(source(request.scope), lambda: self._passes.opens(given))
        except TooManyTries:
            log.warning("console_login_limited")
            why = "Many keys are being tried at this moment, so yours was not looked at: try again."
            response = self._page(request, "login.html", 429, problem=why)
            response.headers["Retry-After"] = str(MOST_WAITING * LONGEST_GAP_MS // 1000)
            return response
        if not good:
            log.warning("console_login_failed")
            return self._page(request, "login.html", 401, problem="That is not the key (TELEPHONY_CONSOLE_KEY).")
        log.info("console_login")
        expires_s = int(self._clock.wall_s()) + LOGIN_S
        answer = RedirectResponse(f"{self._root(request.scope)}/phone", 303)
        token = self._passes.issue(Kind.LOGIN, secrets.token_hex(16), expires_s)
        self._set_cookie(request, answer, COOKIE, token, expires_s)
        return pages.guarded(answer)

    async def logout(self, request: Request) -> Response:
        if self._visit(request.scope, acts=True).access is Access.FOREIGN:
            return self._foreign()
        answer = RedirectResponse(f"{self._root(request.scope)}/phone", 303)
        for name in (COOKIE, GUEST_COOKIE):
            answer.delete_cookie(name, path=f"{self._root(request.scope)}/phone")
        return pages.guarded(answer)

    async def share(self, request: Request) -> Response:
        """A link for guests, as JSON: `path`, `hours`. Only for whoever has logged in."""
        found = self._visit(request.scope, acts=True)
        if found.access is not Access.LOGIN:
            text = "Links can be made by whoever has logged in with TELEPHONY_CONSOLE_KEY."
            return pages.guarded(JSONResponse({"problem": text}, 403))
        token = self._passes.issue(Kind.LINK, secrets.token_hex(16), int(self._clock.wall_s()) + LINK_S)
        path = f"{self._root(request.scope)}/phone/share/{token}"
        return pages.guarded(JSONResponse({"path": path, "hours": LINK_S // 3_600}))

    # --- the page's socket ------------------------------------------------------------------------------------------

    async def media(self, socket: WebSocket) -> None:
        """One call. A refusal before `accept()` is a 403 for the peer."""
        found = self._visit(socket.scope, acts=True)
        if not found.access.granted:
            log.warning("console_refused", access=str(found.access))
            await socket.close()
            return
        await socket.accept()
        page = PageSocket(socket, self._clock, guest=found.guest is not None)
        try:
            await self._serve(page, socket.scope["server"][1], found.guest)
        except TooManyCalls as why:
            page.tell({"type": "refused", "text": str(why)})
            page.finish()
            await page.write()
        try:
            await socket.close()
        except RuntimeError:  # the page has gone
            pass

    # --- inside -----------------------------------------------------------------------------------------------------

    def _visit(self, scope: Mapping[str, Any], *, acts: bool = False, link: str = "") -> Visit:
        return visit(self._rules, scope, self._passes, self._clock.wall_s(), acts=acts, link=link)

    def _page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        host = header(request.scope, b"host", whole=True)
        if self._rules.public_url:
            host = urlsplit(self._rules.public_url).netloc
        return pages.page(
            template, host if _HOST.fullmatch(host) else "", status, root=self._root(request.scope), **values
        )

    def _foreign(self) -> Response:
        log.warning("console_refused", access="foreign")
        return pages.guarded(Response("This request does not come from the phone's own page.", 403))

    def _root(self, scope: Mapping[str, Any]) -> str:
        """The path in front of ours, as the browser has it."""
        own = urlsplit(self._rules.public_url).path
        return own or trusted_prefix(self._rules.trusted_proxies, scope)

    def _set_cookie(self, request: Request, response: Response, name: str, token: str, expires_s: int) -> None:
        response.set_cookie(
            name, token, path=f"{self._root(request.scope)}/phone", httponly=True, samesite="strict",
            max_age=max(0, expires_s - int(self._clock.wall_s())), secure=secure(self._rules, request.scope),
        )  # fmt: skip

    async def _form(self, request: Request) -> dict[str, str]:
        """The fields of a small form; empty if it cannot be read."""
        try:
            async with self._clock.timeout(FORM_MS):
                body = await gather(request.stream(), FORM_BYTES)
            return dict(parse_qsl(body.decode(), max_num_fields=5))
        except (TooBig, TimeoutError, ValueError, ClientDisconnect):
            return {}

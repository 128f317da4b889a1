"""The phone in the browser: its calls, and who is told of them.

    GET  /phone               the page, or the login           WS  /phone/media   one call
    POST /phone/login         the key -> a cookie              GET /phone/static/...
    POST /phone/share         a link for guests                GET /phone/share/TOKEN   the page, for a guest

A page's socket ends here, and its call goes out again over loopback to our own `/twilio/*`, as one of Twilio's would
(`carrier/call.py`). The registry's observers tell the page what happens in it (`feed.py`). Who may do this is decided
in `access.py`; how often keys are tried, in `logins.py`; how many calls may be made, in `guests.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import httpx2
from starlette.routing import BaseRoute

from telephony.clock import Clock
from telephony.console.carrier.address import address
from telephony.console.carrier.call import PREFIX, Account, BrowserCall, Speak
from telephony.console.feed import Feed
from telephony.console.guests import GUEST_CALL_MS, CallLimit
from telephony.console.page_socket import PageSocket
from telephony.console.passes import Pass
from telephony.console.routes import ConsoleRoutes
from telephony.network.tls import tls
from telephony.runtime.call_registry import LiveCall
from telephony.settings import Settings

NO_ACCOUNT = "AC" + "0" * 32
"""The account of the calls if no Twilio account is set."""


@dataclass(frozen=True, slots=True)
class _Live:
    call: BrowserCall
    page: PageSocket


class Console:
    """See the module text. `settings` hold the auth token with which calls are signed; `speak` is the local voice."""

    def __init__(self, settings: Settings, clock: Clock, speak: Speak) -> None:
        self.limit = CallLimit()
        self._settings, self._clock, self._speak = settings, clock, speak
        self._account = Account(settings.twilio_account_sid or NO_ACCOUNT, settings.twilio_auth_token)
        self._live: dict[str, _Live] = {}

    def observe(self, live: LiveCall) -> Feed | None:
        """An observer for a call from the browser; None for any other."""
        found = self._live.get(live.call.call_sid)
        return Feed(found.page.tell, lambda: live.engine, live.turn_taking) if found is not None else None

    def hang_up(self, call_sid: str) -> bool | None:
        """Ends a call as Twilio's REST API would: whether it was live; None if it is none from the browser."""
        if (found := self._live.get(call_sid)) is not None:
            return found.call.complete()
        return False if call_sid.startswith(PREFIX) else None

    def routes(self) -> list[BaseRoute]:
        """The routes for the app."""
        return ConsoleRoutes(self._settings, self.serve, self._clock).routes()

    async def serve(self, page: PageSocket, port: int, guest: Pass | None) -> None:
        """One call, to its end. `port` is the one on which this service listens. Raises TooManyCalls."""
        settings = self._settings
        where = address(settings.host, port, settings.public_url)
        with self.limit.one(guest):
            async with httpx2.AsyncClient(trust_env=False, timeout=None, verify=tls()) as http:
                call = BrowserCall(where, self._account, self._clock, http, page, self._speak)
                self._live[call.sid] = _Live(call, page)
                try:
                    await page.run(call, GUEST_CALL_MS if guest is not None else None)
                finally:
                    del self._live[call.sid]

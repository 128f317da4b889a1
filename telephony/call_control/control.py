"""Everything that calls need to be put through, as the app wires it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.routing import BaseRoute

from telephony.call_control import documents
from telephony.call_control.moves import Moves
from telephony.call_control.press_keys import KeyPressing
from telephony.call_control.transfers import Transfers
from telephony.clock import Clock
from telephony.outbound.legs import Legs
from telephony.runtime.call_registry import CallRegistry
from telephony.settings import Settings
from telephony.twilio import twiml
from telephony.twilio.addresses import Addresses
from telephony.twilio.rest.calls import TwilioRest
from telephony.twilio.webhooks import Webhooks


class CallControl:
    """The moves and transfers of one service. `running` must be entered before the first call."""

    def __init__(
        self, settings: Settings, clock: Clock, registry: CallRegistry, legs: Legs, rest: TwilioRest | None
    ) -> None:
        self.addresses = Addresses(settings, clock)
        self.moves = Moves(registry, self.addresses, clock)
        self.transfers = Transfers(settings, clock, registry, self.moves, legs, rest)
        self.keys = KeyPressing(self._press)

    def _press(self, call_sid: str, digits: str) -> bool:
        """Presses keys on a call, which comes back to its conversation afterwards."""

        async def document(request: Request) -> str:
            notice = f"You have pressed the keys {digits}. What you hear now is what follows."
            connect = await self.moves.resume(request, call_sid, notice, greet=False)
            return documents.keys(digits, *connect) if connect is not None else twiml.hang_up()

        return self.moves.leave(call_sid, "keys", document)

    @asynccontextmanager
    async def running(self, webhooks: Webhooks) -> AsyncIterator[list[BaseRoute]]:
        """Yields the routes for the app."""
        async with self.transfers.running():
            yield self.transfers.routes(webhooks.signed, webhooks.back)

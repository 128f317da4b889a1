"""Text messages of the service: wired to Twilio's API, and to the calls whose agents learn what became of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.routing import BaseRoute

from telephony.clock import Clock
from telephony.messages.messages import Messaging
from telephony.messages.webhooks import MessageWebhooks
from telephony.runtime.call_registry import CallRegistry
from telephony.settings import Settings
from telephony.twilio.rest.calls import TwilioRest
from telephony.twilio.rest.messages import MessagesRest
from telephony.twilio.signed_forms import SignedForms


def text_messages(
    settings: Settings, clock: Clock, rest: TwilioRest | None, registry: CallRegistry, base_url: Callable[[], str]
) -> Messaging:
    """Connects to nothing. `base_url`: the address under which Twilio reaches this service."""
    client = MessagesRest(rest.client, settings.twilio_api_base_url or None) if rest is not None else None
    return Messaging(settings, clock, client, registry.notify, base_url)


@asynccontextmanager
async def open_messages(messaging: Messaging, signed: SignedForms) -> AsyncIterator[list[BaseRoute]]:
    """Yields the routes; messages that are being sent are sent to the end."""
    async with messaging.running():
        yield MessageWebhooks(messaging, signed).routes()

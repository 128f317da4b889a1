"""What the tools of a call can ask for by its type (`ToolContext.service`): one line for each service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from telephony.agent import IncomingCall
from telephony.key_entries.entries import Entries
from telephony.key_entries.screen import KeyScreen
from telephony.settings import Settings
from telephony.tool_context import CallMemories, TwilioClient


def call_services(
    settings: Settings,
    memories: CallMemories,
    call: IncomingCall,
    screen: KeyScreen | None = None,
    *,
    offers: Iterable[Callable[[IncomingCall], object]] = (),
) -> Mapping[type[Any], object]:
    """The services of one call, and what other parts of the service offer to each call. Those that lack their settings
    are left out: asking for them fails in words. `screen`: that of the call's leg; without it, keys cannot be asked
    for."""
    offered = [offer(call) for offer in offers]
    services: dict[type[Any], object] = {CallMemories: memories, **{type(one): one for one in offered}}
    if screen is not None:
        services[Entries] = Entries(screen)
    if settings.twilio_account_sid and settings.twilio_auth_token:
        services[TwilioClient] = Sdk(settings)
    return services


class Sdk:
    """Makes the client of Twilio's library, which is imported only then: that takes a second. Its requests go where the
    service's own go, and are given up after `SECONDS`."""

    SECONDS = 10

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def client(self) -> Any:
        from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
        from twilio.rest import Client as Library  # type: ignore[import-untyped]

        settings = self._settings
        base = settings.twilio_api_base_url.rstrip("/")

        class Http(TwilioHttpClient):  # type: ignore[misc]  # the library's hook for this is a subclass
            def request(self, method: str, url: str, *arguments: Any, **options: Any) -> Any:
                address = url.replace("https://api.twilio.com", base, 1) if base else url
                return super().request(method, address, *arguments, **options)

        http = Http(timeout=self.SECONDS)
        return Library(settings.twilio_account_sid, settings.twilio_auth_token, http_client=http)

"""The addresses of this service as Twilio reaches it, from the address of the request that it has just sent."""

from __future__ import annotations

from starlette.requests import Request

from telephony.agent import IncomingCall
from telephony.clock import Clock
from telephony.settings import Settings
from telephony.twilio import signature
from telephony.twilio.stream_token import issue


class Addresses:
    """See the module text."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    def base(self, request: Request) -> str:
        """What stands before the path of every webhook: `https://host/prefix/twilio`."""
        here = signature.public_url(self._settings.public_url, self._settings.trusted_proxies, request.scope)
        return here.partition("?")[0].rpartition("/twilio/")[0] + "/twilio"

    def stream(self, request: Request, call: IncomingCall, attempt: int) -> tuple[str, str, dict[str, str]]:
        """(stream URL, action URL, parameters) of a `<Connect>`."""
        base = self.base(request)
        parameters = {
            "token": issue(self._settings.twilio_auth_token.encode(), call.call_sid, self._clock.wall_s()),
            "caller": call.caller[:200],
            "called": call.called[:200],
            "direction": call.direction[:40],
        }
        given = {name: value for name, value in parameters.items() if value}
        return base.replace("http", "ws", 1) + "/media", f"{base}/after?attempt={attempt}", given

"""Where requests for a call's carrier go: calls from the browser to their own carrier, all others to Twilio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Rest(Protocol):
    """The part of `TwilioRest` that is routed."""

    async def hang_up(self, call_sid: str) -> bool: ...


class RestRouter:
    """`own` ends a call from the browser; None: it is none. `twilio` is None without an account."""

    def __init__(self, own: Callable[[str], bool | None], twilio: Rest | None) -> None:
        self._own, self._twilio = own, twilio

    async def hang_up(self, call_sid: str) -> bool:
        """Ends the call. True if it was live, False if it was over, or nobody can end it. Raises CarrierError."""
        if (was_live := self._own(call_sid)) is not None:
            return was_live
        return self._twilio is not None and await self._twilio.hang_up(call_sid)

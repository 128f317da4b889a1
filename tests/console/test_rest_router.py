"""Where the end of a call is requested: of one from the browser here, of any other at Twilio."""

from __future__ import annotations

import pytest

from telephony.console.rest_router import RestRouter
from telephony.errors import CarrierError


class Twilio:
    """Notes what it is asked; `answer` is an outcome or an error."""

    def __init__(self, answer: bool | CarrierError = True) -> None:
        self.asked: list[str] = []
        self._answer = answer

    async def hang_up(self, call_sid: str) -> bool:
        self.asked.append(call_sid)
        if isinstance(self._answer, CarrierError):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    ("ours", "twilio", "ended", "asked"),
    [
        (True, Twilio(), True, []),  # a live call from the browser
        (False, Twilio(), False, []),  # one that is over: Twilio does not know it
        (False, None, False, []),
        (None, Twilio(True), True, ["CA1"]),
        (None, Twilio(False), False, ["CA1"]),
        (None, None, False, []),  # no account: nobody can end it
    ],
)
async def test_who_ends_a_call(ours: bool | None, twilio: Twilio | None, ended: bool, asked: list[str]) -> None:
    router = RestRouter(lambda call_sid: ours, twilio)
    assert await router.hang_up("CA1") is ended
    assert (twilio.asked if twilio is not None else []) == asked


async def test_what_twilio_refuses_is_raised() -> None:
    with pytest.raises(CarrierError, match="later"):
        await RestRouter(lambda call_sid: None, Twilio(CarrierError("later"))).hang_up("CA1")

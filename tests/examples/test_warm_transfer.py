"""The example office, with the local dialogue behind its protocol."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from telephony.agent import Voice
from telephony.call_control.transfer_tools import transfer_to
from telephony.examples.warm_transfer import ANNA, DESK, agent, opening_hours
from telephony.offline.dialogue import respond
from tests.call_control.office import CALLER, leg_to, until
from tests.outbound.ringing import OWN, ringing

OFFICE = replace(
    agent, voice=Voice(id="local"), tools=(opening_hours, transfer_to(replace(ANNA, open=""), DESK))
)  # whatever the time


async def test_a_caller_talks_on_while_anna_is_asked_and_is_joined(tmp_path: Path) -> None:
    async with ringing(tmp_path, OFFICE, replies=respond) as stack:
        caller = await stack.dial(caller=CALLER, called=OWN)
        tape = await stack.tape(caller)

        async def hears(words: str) -> None:
            await tape.until(lambda: any(who == "agent" and words in text for who, text in tape.lines))

        await hears("How can I help you?")
        await stack.says(caller, "i have a question about my bill")
        await hears("May I ask your name")
        await stack.says(caller, "my name is smith i was charged twice")
        await hears("I am asking Anna for you now.")
        anna = await leg_to(stack, ANNA.numbers[0])
        await until(lambda: anna.sid in stack.tapes)
        await stack.says(caller, "when are you open")
        await hears("every day from eight")
        briefing = stack.tapes[anna.sid]
        await briefing.until(lambda: any("charged twice" in text for _, text in briefing.lines))
        await stack.says(anna, "yes please")
        rooms = stack.carrier.conferences.rooms
        await until(lambda: any({caller.sid, anna.sid} == set(room.participants) for room in rooms.values()))
        await anna.hang_up()
        await hears("Can I do anything else for you?")
        await caller.hang_up()
        await caller.ended()


def test_anna_is_asked_in_office_hours_only() -> None:
    night, noon = 1_796_018_400.0, 1_796_061_600.0  # in New York: one in the morning, and one in the afternoon
    assert ANNA.closed(night) == "today at 08:00"
    assert ANNA.closed(noon) == ""

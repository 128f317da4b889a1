"""Another company's menu at the local carrier, and the keys that reach it."""

from __future__ import annotations

import pytest

from telephony.audio.tones import sine
from telephony.testing.fakes.twilio.callees import Callee
from telephony.testing.fakes.twilio.carrier import PhoneCall
from telephony.testing.fakes.twilio.menu import Menu
from tests.testing.fakes.twilio.office import OTHER, THEIRS, office

WELCOME, SALES, OPENING, ANNA = (sine(hertz, ms) for hertz, ms in ((250, 4_000), (350, 900), (450, 900), (550, 900)))
MENU = Menu(WELCOME, {"2": Menu(SALES, {"14#": Menu(ANNA)}), "3": Menu(OPENING, ends=True)}, wait_ms=2_000, times=2)
QUIET = "<Pause length='600'/>"


def said(phone: PhoneCall) -> list[str]:
    """What the menu has said whole, in order."""
    texts = {"welcome": WELCOME, "sales": SALES, "opening": OPENING, "Anna": ANNA}
    audio = phone.caller_audio()
    return sorted((name for name, text in texts.items() if text in audio), key=lambda name: audio.index(texts[name]))


async def test_digits_that_are_played_lead_through_the_menu() -> None:
    """By the first document and by a redirect; a key interrupts what is being said, and keys may come ahead of it."""
    async with office() as it:
        it.carrier.outgoing.callees[THEIRS] = Callee(script=MENU)
        phone = await it.placed(f"<Pause length='1'/><Play digits='w2'/>{QUIET}")
        await phone.until(lambda: said(phone) == ["sales"])
        pressed = await it.client.calls(phone.sid).update_async(
            twiml=f"<Response><Play digits='1w4#'/>{QUIET}</Response>"
        )
        assert pressed.status == "in-progress"
        await phone.until(lambda: said(phone) == ["sales", "Anna"])
        assert phone.keys_heard == "214#"
        assert phone.now_ms < 12_000
        fast = await it.placed(f"<Play digits='214#'/>{QUIET}")
        await fast.until(lambda: said(fast) == ["Anna"])


@pytest.mark.parametrize(("keys", "heard"), [("3", ["opening"]), ("9", ["welcome"]), ("", ["welcome"])])
async def test_the_menu_ends_the_call(keys: str, heard: list[str]) -> None:
    """After its last text; and when nothing, or nothing that it knows, was pressed for the second time."""
    async with office() as it:
        it.carrier.outgoing.callees[THEIRS] = Callee(script=MENU)
        phone = await it.placed(QUIET, send_digits=keys)
        await phone.ended()
        assert said(phone) == heard
        assert phone.outcome == "completed"


async def test_a_caller_who_is_connected_presses_and_hears() -> None:
    async with office() as it:
        it.carrier.outgoing.callees[OTHER] = Callee(script=MENU)
        caller = await it.called(voice=f"<Dial>{OTHER}</Dial>")
        await caller.agent_speaking()
        await caller.press("3")
        await caller.ended()
        assert OPENING.strip(b"\xff") in caller.heard()
        assert WELCOME.strip(b"\xff") not in caller.heard()

"""The demo of a warm transfer: a caller asks for a person, talks on while the person is briefed, and is joined.

The service, the carrier, speech and the model run on this machine; the service calls the person through the carrier's
REST API, as it would at Twilio. Both phones are recorded.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from telephony.app.server import running
from telephony.call_control.transfer_tools import transfer_to
from telephony.clock import Clock
from telephony.contracts.observer import Step
from telephony.core.actions import LineAdded
from telephony.errors import TelephonyError
from telephony.examples.warm_transfer import ANNA, DESK, agent, opening_hours
from telephony.files import private_folder
from telephony.observe.console import Console
from telephony.observe.timeline import timeline_html
from telephony.settings import Settings
from telephony.testing.fakes.twilio.carrier import Carrier
from telephony.testing.fakes.twilio.phone_call import PhoneCall

ASKS, TELLS = "I have a question about my bill, please.", "My name is Smith, and I was charged twice."
MEANWHILE, YES = "And when are you open?", "Yes, I will take the call."
TO_EACH_OTHER = ("Hello Mister Smith, this is Anna. I see it here.", "Oh, that is good to hear.")
OWN, CALLER = "+12025550100", "+12025550123"
WITHIN_MS = 120_000


class _Steps:
    """An observer that keeps the steps of all streams of one phone."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.lines: list[tuple[str, str]] = []

    def see(self, step: Step) -> None:
        self.steps.append(step)
        self.lines += [(one.speaker, one.text) for one in step.actions if isinstance(one, LineAdded)]

    def close(self) -> None:
        pass


def run(out: Path, settings: Settings) -> int:
    """Runs the demo. Returns the exit code."""
    private_folder(out)
    try:
        asyncio.run(_demo(out, settings))
    except (TelephonyError, OSError, TimeoutError) as error:
        why = "it has not come to an end in time" if isinstance(error, TimeoutError) else str(error)
        print(f"\nThe demo failed: {why}", file=sys.stderr)
        return 1
    for name in ("caller", "person"):
        print(f"recording  {out / f'{name}.wav'} (left: their voice, right: what they hear)")
    print(f"timeline   {out / 'timeline.html'} (the caller's)\n\nIt worked: the caller talked on while the person was")
    print("briefed, the person said yes, both were joined, and the caller came back to the agent.")
    return 0


async def _demo(out: Path, settings: Settings) -> None:
    from telephony.offline.caller import utterances

    clock = Clock()
    voices = dict(zip(WORDS, await asyncio.to_thread(utterances, *WORDS), strict=True))
    async with Carrier(auth_token=secrets.token_urlsafe(32), clock=clock) as carrier:
        with tempfile.TemporaryDirectory(prefix="telephony-demo-") as data:
            carrier.account.numbers = [{"sid": "PN" + "1" * 32, "phone_number": OWN, "voice_url": ""}]
            wired = replace(
                settings, host="127.0.0.1", port=0, public_url="", trusted_proxies=(), data=Path(data), tapes=None,
                twilio_auth_token=carrier.auth_token, twilio_account_sid=carrier.account_sid,
                twilio_api_base_url=carrier.api_base_url, dial_from=OWN,
            )  # fmt: skip
            always_open = replace(agent, tools=(opening_hours, transfer_to(replace(ANNA, open=""), DESK)))
            async with running(wired, clock, agents=always_open) as service:
                await service.warm.wait()
                seen: dict[str, _Steps] = {}
                service.on_call(lambda sid: Console(rules=service.registry.calls[sid].turn_taking))
                service.on_call(lambda sid: seen.setdefault(sid, _Steps()))
                async with clock.timeout(WITHIN_MS):
                    caller = await carrier.dial(
                        service.base_url + "/twilio/voice", caller=CALLER, called=OWN,
                        status_url=service.base_url + "/twilio/status",
                    )  # fmt: skip
                    person = await _play(carrier, caller, seen, voices)
    caller.stereo_wav(out / "caller.wav")
    person.stereo_wav(out / "person.wav")
    page = timeline_html(seen[caller.sid].steps, title="A warm transfer", wav="caller.wav", rules=agent.turn_taking)
    (out / "timeline.html").write_text(page, encoding="utf-8")


WORDS = (ASKS, TELLS, MEANWHILE, YES, *TO_EACH_OTHER)


async def _play(carrier: Carrier, caller: PhoneCall, seen: dict[str, _Steps], voices: dict[str, bytes]) -> PhoneCall:
    """The whole call. Returns the person's phone."""

    def heard(phone: PhoneCall, words: str) -> Callable[[], bool]:
        return lambda: (
            phone.sid in seen and any(who == "agent" and words in text for who, text in seen[phone.sid].lines)
        )

    await _until(heard(caller, "How can I help"))
    await caller.say(voices[ASKS])
    await _until(heard(caller, "May I ask your name"))
    await caller.say(voices[TELLS])
    await _until(heard(caller, "asking Anna"))
    await _until(lambda: len(carrier.calls) == 2)
    person = next(one for one in carrier.calls.values() if one is not caller)
    await _until(lambda: person.sid in seen)
    await caller.say(voices[MEANWHILE])
    await _until(heard(caller, "open every day"))
    await _until(heard(person, "press two"))
    await person.say(voices[YES])
    await _until(lambda: any(len(room.participants) == 2 for room in carrier.conferences.rooms.values()))
    await person.say(voices[TO_EACH_OTHER[0]])
    await caller.say(voices[TO_EACH_OTHER[1]])
    await caller.pause(1_000)
    await person.hang_up()
    await _until(heard(caller, "Can I do anything else"))
    await caller.hang_up()
    await caller.ended()
    await person.ended()
    return person


async def _until(predicate: Callable[[], bool]) -> None:
    """Returns when it is true, of two phones and what is said on them: no single event tells."""
    while not predicate():  # noqa: ASYNC110
        await asyncio.sleep(0.02)

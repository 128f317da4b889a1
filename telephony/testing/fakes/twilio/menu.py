"""Another company's menu, for a callee: it speaks, and a key leads on.

    menu = Menu(WELCOME, {"2": Menu(SALES), "3": Menu(HOURS, ends=True)})
    carrier.outgoing.callees["+15550001111"] = Callee(script=menu)

It hears the keys of `<Play digits>`, of `sendDigits`, and of a caller who is connected with it. What it said is in
`PhoneCall.caller_audio()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from telephony.testing.fakes.twilio.phone_call import PhoneCall


@dataclass(frozen=True, slots=True)
class Menu:
    """One text, as mu-law, and what may be pressed: `choices` by key (or keys: an extension). A key interrupts the
    text. After another key, or none within `wait_ms`, the text comes again, `times` in all; then the menu hangs up.
    Without choices it stays silent after the text, or hangs up (`ends`)."""

    prompt: bytes
    choices: Mapping[str, Menu] = field(default_factory=dict)
    wait_ms: int = 5_000
    times: int = 3
    ends: bool = False

    async def __call__(self, phone: PhoneCall) -> None:
        """The script of the callee."""
        menu: Menu | None = self
        at = 0  # in the keys that were heard: those before have been used, and more may already be there
        while menu is not None and menu.choices:
            menu, at = await menu._chosen(phone, at)
        if menu is not None:
            await phone.say(menu.prompt)
        if menu is None or menu.ends:
            await phone.hang_up()

    async def _chosen(self, phone: PhoneCall, at: int) -> tuple[Menu | None, int]:
        """Speaks until something has been chosen (None: nothing was), and where the keys go on."""
        for _ in range(self.times):
            await self._speak(phone, at)
            keys = ""
            while any(choice.startswith(keys) for choice in self.choices) and await self._another(
                phone, at + len(keys)
            ):
                keys += phone.keys_heard[at + len(keys)]
                if keys in self.choices:
                    return self.choices[keys], at + len(keys)
            at += len(keys)
        return None, at

    def _leads_on(self, keys: str) -> bool:
        return any(choice.startswith(keys) for choice in self.choices)

    async def _speak(self, phone: PhoneCall, at: int) -> None:
        voice = phone.line.voice
        target = voice.add(self.prompt)
        await phone.until(lambda: len(phone.keys_heard) > at or voice.taken >= target)
        voice.hush()

    async def _another(self, phone: PhoneCall, at: int) -> bool:
        """Whether another key comes in time."""
        ends_ms = phone.now_ms + self.wait_ms
        await phone.until(lambda: len(phone.keys_heard) > at or phone.now_ms >= ends_ms)
        return len(phone.keys_heard) > at

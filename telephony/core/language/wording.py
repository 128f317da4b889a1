"""The phrases that the agent says by itself, whatever the model is doing."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Wording:
    """The fixed phrases that the agent says by itself. They are synthesised once and cached on disk. The defaults are
    English; an `Agent` says each phrase that it leaves at its default in its own language, where there is one."""

    filler: str = "One moment, please."
    apology: str = "Sorry, something went wrong on my side. Could you say that again?"
    not_heard: str = "Sorry, I didn't catch that. Could you say it again?"
    still_there: str = "Are you still there?"
    silent_goodbye: str = "I can't hear you, so I'll hang up now. Please call again any time. Goodbye."
    time_warning: str = "We have about one minute left on this call."
    time_over: str = "We've reached the end of the time for this call. Thank you for calling. Goodbye."
    draining: str = "I'm sorry, I have to end this call now. Please call again in a few minutes. Goodbye."
    broken: str = "I'm sorry, I'm having technical trouble. Please call again in a few minutes. Goodbye."
    busy: str = "All our lines are busy at the moment. Please call again in a few minutes. Goodbye."
    provider_busy: str = "I'm sorry for the wait, there's a lot going on. One moment, please."
    goodbye: str = "Goodbye."
    connecting: str = "I'm connecting you now."
    back: str = "Hello, it's me again."


ENGLISH_WORDING = Wording()
"""The default of an agent, which stands for the phrases of its language."""
PHRASE_NAMES: tuple[str, ...] = tuple(f.name for f in fields(Wording))

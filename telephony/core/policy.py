"""Every number that decides something in a call, with its unit and its reason.

`TurnTaking` is how the agent listens and when it stops; `Limits` is what a call may cost; `Wording` is what the agent
says by itself. An agent may replace any of them (`Agent(turn_taking=..., limits=..., wording=...)`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

END_CALL = "end_call"
"""The built-in tool with which the model ends the call."""


@dataclass(frozen=True, slots=True)
class TurnTaking:
    """When the caller has finished, and when an interruption is one. Times in ms, probabilities in thousandths.

    Silences are counted from the last detector window with voice, which ends some 80 ms after the voice itself.
    `TurnTaking.preset("eager" | "balanced" | "patient")` gives the presets; the defaults are `balanced`.
    """

    # --- what is voice ---
    voiced_at: int = 500
    """A detector window at or above this is voice (the detector's own recommendation)."""
    unvoiced_below: int = 350
    """Below this a window is not voice any more; between the two, the last state holds (see `is_voice`)."""
    onset_ms: int = 64
    """Voice for this long (two windows) is an onset: shorter is a click."""
    quieter_tenths_db: int = 140
    """Voice this much below the caller's own (tenths of dB) is somebody else's: babble, a television, an echo."""

    # --- when a turn is over (see core/turn_taking/endpointing.py) ---
    finished_ms: int = 380
    """After a thought that needs nothing more. People leave about 200 ms; a breath inside a thought is shorter."""
    likely_ms: int = 840
    """After a question or request that is whole, though details may follow."""
    open_ms: int = 940
    """After a statement that may go on: longer than most pauses between phrases."""
    trailing_ms: int = 1_300
    """After words that cannot end a thought: longer than nearly all pauses for thought."""
    entry_ms: int = 1_100
    """While digits, a spelling or an address is under way: groups are 0.4-1.0 s apart."""
    unheard_ms: int = 700
    """After voice of which nothing has been transcribed."""
    silence_ms: int = 640
    """In a language without data: silence alone decides. People pause 300-500 ms inside a thought."""
    pause_allowance_ms: int = 400
    """Most that a caller's own pauses may add to a wait."""
    pause_margin_ms: int = 150
    """What is added to the pause that this caller usually makes."""
    commit_after_ms: int = 200
    """The transcript is not asked for earlier than this: each request costs the recogniser its context, and people
    leave gaps of 150 ms between words. A finished thought is then decided when its final has come."""
    commit_held_ms: int = 170
    """But while the agent is held and waits to be told whether these were words, by ears of which it is not known that
    they tell at once, it is asked for after this."""
    commit_lead_ms: int = 400
    """Otherwise it is asked for this long before the turn would end, which hides the slowest usual transcript."""
    transcript_wait_ms: int = 1_200
    """How long past the end of turn to wait for a transcript when nothing at all has been heard as words..."""
    partial_wait_ms: int = 500
    """...and when there is a partial to go by."""

    # --- preparing a reply while the silence is still being judged ---
    speculate: str = "speech"
    """`off`, `llm` (think ahead), or `speech` (also have the first unit spoken). Never heard before the decision."""
    speculate_after_ms: int = 80
    """Silence after which a thought that looks finished is answered on trial, once its last words have come..."""
    speculate_at_latest_ms: int = 200
    """...or after this much silence, when no more words come."""
    speculate_lead_ms: int = 560
    """Other thoughts: this long before their turn would end (first token and first audio of usual providers)..."""
    speculate_most_ms: int = 800
    """...or up to this, where replies of this call have taken longer to prepare."""
    speculations: int = 3
    """Most trials for one utterance..."""
    speculations_finished: int = 2
    """...and so many more for thoughts that look finished: these are right the most often."""
    speculations_wasted: int = 10
    """So many more trials wasted than used in a call, and there are no more of them: they cost money."""

    # --- interruptions (see core/turn_taking/barge_in.py) ---
    hold_after_ms: int = 128
    """Voice for this long while the agent is audible holds the playout (four windows; coughs are often shorter)."""
    cut_after_ms: int = 1_400
    """Voice for this long while held is an interruption when no ears tell what it is. A laugh lasts one second; the
    agent is silent meanwhile."""
    hold_limit_ms: int = 1_800
    """Voice for this long without any words is no speech to us: the agent goes on, and it may go on as well."""
    wordless_ms: int = 1_000
    """So much voice without any words is strange: its final words are waited for before the agent goes on."""
    resume_after_ms: int = 260
    """Silence for this long while held, with no words of an interruption, is a false alarm: words come in 150 ms."""
    resume_wait_ms: int = 500
    """How much longer a resume waits for the final words of what may be an answer."""
    min_word_ms: int = 180
    """A sound with less voice than this cannot be a word; it neither starts a turn nor waits for a transcript."""

    def __post_init__(self) -> None:
        if self.speculate not in ("off", "llm", "speech"):
            raise ValueError(f"TurnTaking.speculate must be off, llm or speech, not {self.speculate!r}")

    def is_voice(self, speech: int, was_voice: bool = False) -> bool:
        """Whether a detector window of `speech` thousandths is voice; `was_voice`: the window before it was."""
        return speech >= self.voiced_at or (was_voice and speech >= self.unvoiced_below)

    @classmethod
    def preset(cls, name: str) -> TurnTaking:
        """`eager` waits a quarter less, `patient` half as long again. Raises ValueError for other names."""
        if name not in PRESETS:
            raise ValueError(f"no preset {name!r}; there are {', '.join(PRESETS)}")
        return cls().scaled(PRESETS[name])

    @classmethod
    def plain(cls, silence_ms: int) -> TurnTaking:
        """The plain silence rule, for comparison: one wait, whatever was said."""
        return cls(
            **dict.fromkeys(_WAITS, silence_ms),  # type: ignore[arg-type]  # all waits are int
            pause_allowance_ms=0,
            commit_after_ms=min(240, silence_ms),
            commit_lead_ms=silence_ms,
        )

    def scaled(self, thousandths: int) -> TurnTaking:
        """All waits for the end of a turn, longer or shorter."""
        waits = {name: getattr(self, name) * thousandths // 1_000 for name in _WAITS}
        return replace(self, **waits, commit_after_ms=min(self.commit_after_ms, waits["finished_ms"]))


_WAITS = ("finished_ms", "likely_ms", "open_ms", "trailing_ms", "entry_ms", "unheard_ms", "silence_ms")
PRESETS: dict[str, int] = {"eager": 750, "balanced": 1_000, "patient": 1_500}
"""Presets as thousandths of the default waits."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a call may cost and how long anything may take. All in ms unless the name says otherwise."""

    call_ms: int = 30 * 60_000
    """Longest call."""
    call_warning_ms: int = 60_000
    """The warning comes this long before the end."""
    silence_prompt_ms: int = 10_000
    """The caller says nothing for this long after the agent has finished: asked once whether they are there."""
    silence_end_ms: int = 10_000
    """Still nothing this long after the question: a polite end."""
    filler_ms: int = 2_200
    """Nothing audible this long after the caller's last word, or the agent's: a short fixed phrase bridges the wait
    (promise: 2,500)."""
    reply_ms: int = 12_000
    """A reply with no audible progress for this long is given up with an apology."""
    apologies: int = 3
    """So many apologies in a row end the call: nobody wants to hear a fourth."""
    tool_ms: int = 15_000
    """Longest run of a tool."""
    tool_rounds: int = 8
    """Rounds of tool calls in one reply."""
    goodbye_ms: int = 2_000
    """How much longer than its audio a goodbye may take to come back as played before the call is ended anyway."""
    speech_close_ms: int = 1_500
    """A context whose audio does not cover its text is closed after this long without audio (close race)."""
    speech_attempts: int = 3
    """How often the text of one turn may be handed to the voice again."""
    mark_every_ms: int = 500
    """Marks come at least this often, so that what was heard is known this exactly."""
    frames_stop_ms: int = 1_000
    """After this long without a frame time goes on by the clock. Audio that is merely late is no silence: a network's
    hiccup of half a second must not end a turn, nor commit half of a sentence."""
    frames_dead_ms: int = 8_000
    """After this long without a frame the leg is dead."""
    dtmf_gap_ms: int = 1_500
    """Keys pressed within this time of each other are one entry."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The stock of fixed phrases: synthesised once, kept on disk, always ready. English defaults."""

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


PHRASE_NAMES: tuple[str, ...] = tuple(f.name for f in fields(Wording))


KINDS_EXPECTED = ("digits", "code", "spelling", "email", "address", "date", "amount")


@dataclass(frozen=True, slots=True)
class Expects:
    """A question of the agent that contains `phrase` (any case) asks for `kind`: `digits`, `code`, `spelling`, `email`,
    `address`, `date` or `amount`, of `length` symbols if that is known. The waits of `turn_taking`, if given, hold for
    its answer."""

    phrase: str = ""
    kind: str = ""
    length: int = 0
    turn_taking: TurnTaking | None = None

    def __post_init__(self) -> None:
        if self.kind and self.kind not in KINDS_EXPECTED:
            raise ValueError(f"Expects.kind must be empty or one of {', '.join(KINDS_EXPECTED)}, not {self.kind!r}")


@dataclass(frozen=True, slots=True)
class Policy:
    """All that the core needs to know of an agent."""

    greeting: str = ""
    """Said at once when the call starts; empty: the agent waits for the caller."""
    greeting_protected: bool = False
    """A protected greeting is not held or cut; what the caller says meanwhile is answered afterwards."""
    must_be_heard: tuple[str, ...] = ()
    """Sentences (a disclosure) that are not interrupted wherever the agent says them."""
    expects: tuple[Expects, ...] = ()
    """What the agent's questions ask for, beyond what the language's own data knows."""
    language: str = "en"
    """ISO 639-1; decides what turn-taking knows of words."""
    turn_taking: TurnTaking = field(default_factory=TurnTaking)
    limits: Limits = field(default_factory=Limits)
    wording: Wording = field(default_factory=Wording)

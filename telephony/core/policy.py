"""Every number that decides something in a call, with its unit and its reason.

`TurnTaking` decides when the caller has finished and what interrupts the agent; `Limits` bounds time and cost;
`Wording` holds the fixed phrases. An agent may replace any of them (`Agent(turn_taking=..., limits=..., wording=...)`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum

from telephony.core.language.registry import wording_in
from telephony.core.language.wording import ENGLISH_WORDING
from telephony.core.language.wording import PHRASE_NAMES as PHRASE_NAMES
from telephony.core.language.wording import Wording as Wording

END_CALL = "end_call"
"""The built-in tool with which the model ends the call."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """The numbers inside the present rules of turn-taking. They promise nothing: another version may judge differently
    and have others. Times in ms. A wait that is None lies between the shortest and the longest (see `TurnTaking`)."""

    # --- what counts as the caller's voice ---
    unvoiced_below: int = 350
    """A detector window below this is not voice; between this and `voiced_at`, the previous state holds (see
    `TurnTaking.is_voice`)."""
    onset_ms: int = 64
    """Voice for this long (two windows) is an onset: anything shorter is a click."""
    quieter_tenths_db: int = 140
    """Voice this much below the caller's level (tenths of dB) is somebody else's: babble, a television, an echo."""
    min_word_ms: int = 180
    """A sound with less voice than this cannot be a word; it neither starts a turn nor waits for a transcript."""

    # --- how much silence ends a turn (see core/turn_taking/endpointing.py) ---
    likely_ms: int | None = None
    """After a dictated amount that may be whole: "forty"."""
    open_ms: int | None = None
    """After another entry that lacks only what may be missing: "12 oak street"."""
    entry_ms: int | None = None
    """While the caller dictates digits, a spelling or an address: the groups are 0.4-1.0 s apart."""
    unheard_ms: int | None = None
    """After voice without any transcript so far."""
    silence_ms: int | None = None
    """In a language without data, where silence alone decides. People pause 300-500 ms inside a thought."""
    pause_allowance_ms: int = 400
    """Maximum that a caller's own pauses may add to a wait."""
    pause_margin_ms: int = 150
    """Added to the caller's usual pause when the wait is adapted to it."""
    commit_after_ms: int = 200
    """Minimum silence before the transcript is committed: each commit costs the STT its context, and people leave gaps
    of 150 ms between words. After a complete thought, the decision then waits only for the final transcript."""
    commit_held_ms: int = 170
    """While playback is held and this STT has not yet been seen to send partials, commit after this much silence."""
    commit_lead_ms: int = 800
    """Otherwise commit this long before the turn would end: time for the slowest usual transcript, and for a reply to
    the words that it changes..."""
    commit_entry_lead_ms: int = 400
    """...but only this long while the caller dictates: a commit would split what is said in groups."""
    transcript_wait_ms: int = 1_200
    """Maximum wait for the final transcript past the end of the turn when there are no words yet..."""
    partial_wait_ms: int = 500
    """...and when there is a partial to fall back on."""

    # --- what the model says of the caller's words (see core/speaking/trials.py) ---
    unfinished_ms: int = 300
    """Added to the longest wait, and less to shorter ones, if the model says that the caller has not finished."""
    finished_ms: int = 200
    """Where no score judges the words: taken from the wait, down to the shortest, if a model that can tell begins to
    answer."""
    verdict_wait_ms: int = 250
    """Maximum wait for what such a model says, past the end of the turn."""
    ask_at_latest_ms: int = 280
    """Such a model is asked once the last words have been transcribed, or after this much silence: the slowest usual
    partial."""

    # --- speculation ---
    speculate_after_ms: int = 80
    """Silence before speculating on a thought that looks complete, once its last words have been transcribed..."""
    speculate_at_latest_ms: int = 200
    """...or after this much silence, if no more words arrive."""
    speculate_lead_ms: int = 560
    """For other thoughts: this long before the turn would end (first token and first audio of usual providers)..."""
    speculate_most_ms: int = 800
    """...or up to this, if replies in this call have taken longer to prepare."""
    speculations_finished: int = 2
    """This many more speculations for thoughts that look complete: these prove right most often."""
    speculations_wasted: int = 10
    """Stop speculating in this call once the unused speculations outnumber the used ones by more than this: they cost
    money."""

    # --- interruptions (see core/turn_taking/barge_in.py) ---
    hold_limit_ms: int = 1_800
    """Voice for this long without words is not speech: resume, even while the voice goes on."""
    wordless_ms: int = 1_000
    """After this much voice without words, wait for the final transcript before resuming."""
    resume_wait_ms: int = 500
    """How much longer a resume waits for the final transcript of a possible answer."""


class Completeness(StrEnum):
    """Who says whether the caller has finished."""

    RULES = "rules"
    LLM = "llm"
    """The rules, and the model that prepares the reply."""


class Speculate(StrEnum):
    """How much of a reply is prepared before the turn is known to be over."""

    OFF = "off"
    LLM = "llm"
    """It is generated."""
    SPEECH = "speech"
    """Its first unit is synthesised too."""


@dataclass(frozen=True, slots=True)
class TurnTaking:
    """When the caller has finished, and what counts as an interruption. Times in ms, probabilities in thousandths.

    Silences are counted from the last detector window with voice, which ends some 80 ms after the voice itself.
    `TurnTaking.preset("eager" | "balanced" | "patient")` gives the presets; the defaults are `balanced`. Raises
    ValueError for values that make no sense.
    """

    shortest_wait_ms: int = 380
    """Silence that ends the turn after a complete thought. People usually leave about 200 ms; a breath inside a thought
    is shorter."""
    longest_wait_ms: int = 1_300
    """Silence that ends the turn after words that cannot end a thought: longer than nearly all pauses for thought. All
    other waits lie between the two."""
    hold_after_ms: int = 128
    """Voice for this long while the agent is audible holds the playout (four windows; coughs are often shorter)."""
    cut_after_ms: int = 1_400
    """While playback is held and no STT can tell whether the voice has words, voice for this long is an interruption.
    A laugh lasts one second; the agent is silent meanwhile."""
    resume_after_ms: int = 260
    """While held, this much silence without interrupting words is a false alarm: words arrive within 150 ms."""
    voiced_at: int = 500
    """A detector window at or above this is voice (the detector's own recommendation)."""
    speculate: str = "speech"
    """Prepare the reply before the turn is known to be over: `off`, `llm` (generate it) or `speech` (also synthesise
    its first unit). Nothing of it is heard before the turn is over."""
    speculations: int = 3
    """Maximum number of speculations for one utterance."""
    completeness: str = "llm"
    """`llm`: the model that prepares a reply also says whether the caller has finished; `rules`: the rules alone
    decide, as they do where nothing is prepared."""
    trusts_model: bool = False
    """The model is known to say so if a caller has not finished. From then on its beginning to answer says something
    too, and what it says is waited for. The service finds that out by itself."""
    tuning: Tuning = field(default_factory=Tuning)

    def __post_init__(self) -> None:
        if self.speculate not in [*Speculate]:
            raise ValueError(f"TurnTaking.speculate must be off, llm or speech, not {self.speculate!r}")
        if self.completeness not in [*Completeness]:
            raise ValueError(f"TurnTaking.completeness must be llm or rules, not {self.completeness!r}")

    @property
    def prepares(self) -> Speculate:
        """`speculate`, as the core sees it."""
        return Speculate(self.speculate)

    @property
    def asks_model(self) -> bool:
        """Whether the model says if the caller has finished."""
        return Completeness(self.completeness) is Completeness.LLM and self.prepares is not Speculate.OFF

    @property
    def likely_ms(self) -> int:
        return self._between(self.tuning.likely_ms, 500)

    @property
    def open_ms(self) -> int:
        return self._between(self.tuning.open_ms, 609)

    @property
    def entry_ms(self) -> int:
        return self._between(self.tuning.entry_ms, 783)

    @property
    def unheard_ms(self) -> int:
        return self._between(self.tuning.unheard_ms, 348)

    @property
    def silence_ms(self) -> int:
        return self._between(self.tuning.silence_ms, 283)

    def is_voice(self, speech: int, was_voice: bool = False) -> bool:
        """Whether a detector window of `speech` thousandths is voice; `was_voice`: the window before it was."""
        return speech >= self.voiced_at or (was_voice and speech >= self.tuning.unvoiced_below)

    @classmethod
    def preset(cls, name: str) -> TurnTaking:
        """The settings of a preset: `eager` waits a quarter less than `balanced`, `patient` half as long again. Raises
        ValueError for other names."""
        if name not in PRESETS:
            raise ValueError(f"no preset {name!r}; there are {', '.join(PRESETS)}")
        return cls().scaled(PRESETS[name])

    @classmethod
    def plain(cls, silence_ms: int) -> TurnTaking:
        """The plain silence rule, for comparison: the same wait whatever was said."""
        tuning = Tuning(
            pause_allowance_ms=0,
            commit_after_ms=min(240, silence_ms),
            commit_lead_ms=silence_ms,
            commit_entry_lead_ms=silence_ms,
        )
        return cls(shortest_wait_ms=silence_ms, longest_wait_ms=silence_ms, tuning=tuning)

    def tuned(self, **numbers: int) -> TurnTaking:
        """A copy with other numbers, by name: its own, or those of `tuning`. Raises TypeError for other names."""
        own = {name: number for name, number in numbers.items() if name in _OWN}
        tuning = {name: number for name, number in numbers.items() if name not in _OWN}
        return replace(self, **own, tuning=replace(self.tuning, **tuning))  # type: ignore[arg-type]  # no texts here

    def scaled(self, thousandths: int) -> TurnTaking:
        """A copy with all end-of-turn waits multiplied by `thousandths` / 1,000."""
        set_waits = {name: ms for name in _WAITS if (ms := getattr(self.tuning, name)) is not None}
        waits = {"shortest_wait_ms": self.shortest_wait_ms, "longest_wait_ms": self.longest_wait_ms, **set_waits}
        waits = {name: ms * thousandths // 1_000 for name, ms in waits.items()}
        return self.tuned(**waits, commit_after_ms=min(self.tuning.commit_after_ms, waits["shortest_wait_ms"]))

    def _between(self, own_ms: int | None, thousandths: int) -> int:
        """The wait as it is set, or at this point of the way from the shortest to the longest."""
        if own_ms is not None:
            return own_ms
        return self.shortest_wait_ms + thousandths * (self.longest_wait_ms - self.shortest_wait_ms) // 1_000


_OWN = frozenset(one.name for one in fields(TurnTaking))
_WAITS = ("likely_ms", "open_ms", "entry_ms", "unheard_ms", "silence_ms")
PRESETS: dict[str, int] = {"eager": 750, "balanced": 1_000, "patient": 1_500}
"""Presets as thousandths of the default waits."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on the cost and duration of a call and its parts. In ms unless the name says otherwise."""

    call_ms: int = 30 * 60_000
    """Maximum length of a call."""
    call_warning_ms: int = 60_000
    """The agent warns the caller this long before the maximum length is reached; 0: no warning."""
    silence_prompt_ms: int = 10_000
    """After this much silence on both sides, the agent asks once whether the caller is still there."""
    silence_end_ms: int = 10_000
    """After this much silence following that question, the agent says goodbye and the call ends."""
    filler_ms: int = 2_200
    """After this much silence following the last word of either side, a short fixed phrase bridges the wait for a reply
    (promise: 2,500)."""
    reply_ms: int = 12_000
    """A reply that makes no progress for this long is given up with an apology."""
    apologies: int = 3
    """Maximum number of apologies in a row; instead of one more, the call ends."""
    tool_ms: int = 15_000
    """Maximum run time of a tool."""
    tool_rounds: int = 8
    """Maximum rounds of tool calls in one reply."""
    tool_runs: int = 200
    """Maximum number of tools run in one call, which stops a model that calls them without end; 0: any number."""
    goodbye_ms: int = 2_000
    """How long past the end of its audio to wait for a goodbye's last mark before the call ends anyway."""
    speech_close_ms: int = 1_500
    """A context whose audio does not cover its text is closed after this long without audio (close race)."""
    speech_attempts: int = 3
    """Maximum number of attempts to synthesise the text of one turn."""
    mark_every_ms: int = 500
    """Maximum distance between marks, and so the precision with which the core knows what was heard."""
    frames_stop_ms: int = 1_000
    """After this long without a frame, the clock stands in for media time. Late audio is not silence: a network hiccup
    of half a second must not end a turn, or commit half a sentence."""
    frames_dead_ms: int = 8_000
    """After this long without a frame the leg is dead, and the call ends."""
    dtmf_gap_ms: int = 1_500
    """Keys pressed within this time of each other form one entry."""


class EntryKind(StrEnum):
    """What a caller dictates."""

    NONE = ""
    DIGITS = "digits"
    CODE = "code"
    SPELLING = "spelling"
    EMAIL = "email"
    ADDRESS = "address"
    DATE = "date"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Expects:
    """Declares that a question of the agent containing `phrase` (in any case) asks for `kind`: `digits`, `code`,
    `spelling`, `email`, `address`, `date` or `amount`, of `length` symbols (0: unknown). `turn_taking`, if given,
    replaces the agent's waits for the answer. Raises ValueError for another `kind`."""

    phrase: str = ""
    kind: str = ""
    length: int = 0
    turn_taking: TurnTaking | None = None

    def __post_init__(self) -> None:
        if self.kind not in [*EntryKind]:
            kinds = ", ".join(kind for kind in EntryKind if kind)
            raise ValueError(f"Expects.kind must be empty or one of {kinds}, not {self.kind!r}")

    @property
    def entry(self) -> EntryKind:
        """`kind`, for the rules to compare."""
        return EntryKind(self.kind)


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything the core needs to know about an agent."""

    greeting: str = ""
    """Said at once when the call starts; if empty, the agent waits for the caller to speak."""
    greeting_protected: bool = False
    """A protected greeting is never held or cut; what the caller says meanwhile is answered afterwards."""
    must_be_heard: tuple[str, ...] = ()
    """Sentences, such as a disclosure, that cannot be interrupted wherever the agent says them."""
    expects: tuple[Expects, ...] = ()
    """What the agent's questions ask for, in addition to what the language data recognises."""
    language: str = "en"
    """ISO 639-1 code; selects the language data that turn-taking uses."""
    turn_taking: TurnTaking = field(default_factory=TurnTaking)
    limits: Limits = field(default_factory=Limits)
    wording: Wording = ENGLISH_WORDING
    """Unless it is given: the language's."""

    def __post_init__(self) -> None:
        if self.wording is ENGLISH_WORDING:
            object.__setattr__(self, "wording", wording_in(self.language))

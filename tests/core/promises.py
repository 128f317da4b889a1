"""What must hold of every call, whatever happens in it. Each promise raises AssertionError that names the violation."""

from __future__ import annotations

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.history import AgentSaid, CallerSaid, History, Noticed, ToolUsed
from telephony.core.language.gist import gist
from telephony.core.language.registry import language_for
from telephony.core.speaking.ellipsis import is_ellipsis
from telephony.testing.simulator import CHAR_MS, Simulator
from tests.core.walks import MARK, SHORT_WORDS, Walk

CONTEXTS = 5
"""ElevenLabs closes the socket when a sixth context is opened."""
AUDIBLE_WITHIN_MS = 2_500
"""Within this time after the end of a turn, something must be audible or the caller speaks again."""
LISTENS_FOR_MS = 4_500
"""The longest wait for more words and their transcript, including the delay that the STT may add."""


def keep(this: Walk) -> None:
    """Checks every promise."""
    sim = this.sim
    for promise in (
        nothing_is_heard_before_its_turn_was_decided,
        no_turn_is_answered_twice,
        resumes_lose_and_repeat_nothing,
        silence_after_a_turn_is_bounded,
        history_is_what_was_heard,
        contexts_are_few,
        tools_run_once_and_never_for_a_speculation,
        work_is_done_once_and_only_if_its_words_were_heard,
        decisions_are_explained,
        an_ellipsis_is_no_reply,
    ):
        promise(sim)
    no_words_are_lost(this)
    unanswered_finals_are_explained(this)
    voice_is_never_met_with_silence(this)


def nothing_is_heard_before_its_turn_was_decided(sim: Simulator) -> None:
    """The first audio of a reply is sent only after all the caller's words that it answers are in the record."""
    language, answers, heard = language_for(sim.policy.language), dict[int, History](), set[int]()
    record, said = "", list[tuple[str, ...]]()
    for now, _, actions in sim.steps:
        for action in actions:
            match action:
                case a.LineAdded("caller", text):
                    record = f"{record} {text}"
                    said.append(gist(record, language))
                case a.StartReply(turn, history):
                    answers[turn] = history
                case a.SendMark(name):
                    turn = _turn(name)
                    if turn in answers and turn not in heard:
                        heard.add(turn)
                        words = gist(_caller_words(answers[turn]), language)
                        assert words in said, f"{now}: turn {turn} answers {words}, the record has {record}"
                case _:
                    pass


def no_turn_is_answered_twice(sim: Simulator) -> None:
    """No two replies that were heard answer the same words, unless the first of them failed."""
    failed = {event.turn for _, event, _ in sim.steps if isinstance(event, e.ReplyFailed | e.SpeechLost)}
    failed |= {turn for turn, _, what in _explained(sim) if what in (d.Apologised, d.CallEnding)}
    heard = {x.turn for _, x in sim.actions(a.LineAdded) if x.speaker == "agent"}
    seen: dict[str, int] = {}
    for _, action in sim.actions(a.StartReply):
        if action.turn in heard:
            calls = [item.tool_call_id for item in action.history if isinstance(item, ToolUsed)]
            notices = sum(isinstance(item, Noticed) for item in action.history)
            words = f"{_caller_words(action.history)}, {len(calls) - len(set(calls))} late results, {notices} notices"
            before = seen.get(words)
            any_failure = sim.explained(d.Apologised) or sim.explained(d.CallEnding)
            allowed = before is None or before in failed or any_failure
            assert allowed, f"turns {before} and {action.turn} answer {words!r}"
            seen[words] = action.turn


def resumes_lose_and_repeat_nothing(sim: Simulator) -> None:
    """The pieces heard of a reply are its audio in order; only the word at the seam may be repeated."""
    respoken = {x.turn for _, x in sim.actions(a.Speak) if x.attempt > 1}
    lines = {x.turn: x for _, x in sim.actions(a.LineAdded) if x.speaker == "agent"}
    word = max((len(word) for x in lines.values() for word in x.text.split()), default=0)
    for turn in set(lines) - respoken:
        place = 0
        for start, end, at in sim.carrier.pieces(turn):
            assert at <= place, f"turn {turn}: {place}-{at} ms of it was never heard"
            slack = (word + 1) * CHAR_MS + 500 + sim.latencies.mark + 40
            if not sim.faults.no_alignment:
                slack = (word + 2) * CHAR_MS + sim.latencies.mark + 60
            assert at >= place - slack, f"turn {turn}: {place - at} ms of it was heard twice"
            place = at + end - start


def silence_after_a_turn_is_bounded(sim: Simulator) -> None:
    """Within 2.5 s of the end of a turn something is audible or the caller speaks again. After a recent filler, a
    longer silence is allowed.
    """
    sounds = sim.heard + [(sound.start, sound.end) for sound in sim.sounds]
    fillers = [at for at, _ in sim.explained(d.FillerSaid)]
    for at, _ in sim.explained(d.TurnEnded):
        told = any(at - 15_000 <= filler <= at for filler in fillers)
        until = at + (3 * sim.policy.limits.filler_ms + 200 if told else AUDIBLE_WITHIN_MS)
        if until <= sim.now:
            assert any(start <= until and end >= at for start, end in sounds), f"silence from {at}"


def voice_is_never_met_with_silence(this: Walk) -> None:
    """At least 600 ms of voice is always followed by an audible reaction or more speech, whatever the STT returns."""
    sim, sounds = this.sim, this.sim.sounds
    bound = LISTENS_FOR_MS * 3 // 2 if sim.policy.turn_taking.open_ms > 1_000 else LISTENS_FOR_MS
    for sound in sounds:
        until = sound.end + bound + AUDIBLE_WITHIN_MS
        if sound.end - sound.start < 600 or until > sim.now:
            continue
        again = any(sound.end <= other.start <= until for other in sounds)
        audible = any(start <= until and end > sound.end for start, end in sim.heard)
        assert again or audible, f"silence after {sound}: {sim.lines}"


def history_is_what_was_heard(sim: Simulator) -> None:
    """No line of the agent, in record or history, is longer than what the carrier had played of its turn by then."""
    played = sim.carrier.played_by_turn()
    aligned = not sim.faults.no_alignment
    respoken = {x.turn for _, x in sim.actions(a.Speak) if x.attempt > 1}
    for _, line in sim.actions(a.LineAdded):
        if line.speaker == "agent":
            ms = played.get(line.turn, 0)
            assert len(line.text) * CHAR_MS <= ms + 2 * CHAR_MS, f"{line} but {ms} ms were played"
            if aligned and line.interrupted and line.turn not in respoken:
                least = ms - 14 * CHAR_MS - 500 - sim.latencies.mark
                assert len(line.text) * CHAR_MS >= least, f"{line}, though {ms} ms were played"
    for now, start in sim.actions(a.StartReply):
        said = [item.text for item in start.history if isinstance(item, AgentSaid)]
        heard = sum(min(end, now) - begin for begin, end in sim.heard if begin < now)
        assert sum(len(text) for text in said) * CHAR_MS <= heard + 3 * CHAR_MS * (len(said) + 1), f"{now}: {said}"


def contexts_are_few(sim: Simulator) -> None:
    """Open contexts, including those of speculations, never exceed the provider's limit."""
    opened: set[tuple[int, int]] = set()
    for now, event, actions in sim.steps:
        if isinstance(event, e.SpeechEnded | e.SpeechLost):
            opened.discard((event.turn, event.attempt))
        for action in actions:
            if isinstance(action, a.Speak):
                opened.add((action.turn, action.attempt))
            elif isinstance(action, a.CloseContext):
                opened.discard((action.turn, action.attempt))
        assert len(opened) <= CONTEXTS, f"{now}: {opened}"


def tools_run_once_and_never_for_a_speculation(sim: Simulator) -> None:
    """A tool runs only for a reply whose turn was decided, and each tool call runs once."""
    speculations, ran = set[int](), set[str]()
    for now, _, actions in sim.steps:
        for action in actions:
            match action:
                case d.SpeculationBegun(turn):
                    speculations.add(turn)
                case d.SpeculationUsed(turn):
                    speculations.discard(turn)
                case a.RunTool(turn, tool_call_id):
                    assert turn not in speculations, f"{now}: {tool_call_id} ran for speculation {turn}"
                    assert tool_call_id not in ran, f"{now}: {tool_call_id} ran twice"
                    ran.add(tool_call_id)
                case _:
                    pass


def work_is_done_once_and_only_if_its_words_were_heard(sim: Simulator) -> None:
    """Each deferred work is done or dropped, never both, and by the end of the call at the latest. It is done when all
    the words of its turn are on record as heard, unless it must be done."""
    asked, over, cut, said, whole = dict[str, e.WorkDeferred](), set[str](), set[int](), set[int](), set[int]()
    for now, event, actions in sim.steps:
        if isinstance(event, e.WorkDeferred):
            asked[event.work] = event
        for action in actions:
            match action:
                case a.Speak(turn):
                    said.add(turn)
                case a.LineAdded("agent", _, turn, interrupted):
                    (cut if interrupted else whole).add(turn)
                case a.RunDeferred(work) | a.DropDeferred(work):
                    assert work in asked, f"{now}: nobody has asked for {work}"
                    assert work not in over, f"{now}: {work} twice"
                    over.add(work)
                    if isinstance(action, a.RunDeferred) and not asked[work].must:
                        turn = asked[work].turn
                        heard = turn in whole or turn not in said
                        assert heard, f"{now}: {work} is done, but its words were not heard"
                        assert turn not in cut, f"{now}: {work} is done, but its words were cut"
                case _:
                    pass
    if sim.call.ended is not None:
        assert over == set(asked), f"nothing came of {set(asked) - over}"


def decisions_are_explained(sim: Simulator) -> None:
    """Whenever the playout is cleared or a turn decided, the same step gives the reason."""
    for now, _, actions in sim.steps:
        if any(isinstance(action, a.ClearPlayout) for action in actions):
            explained = any(isinstance(action, d.Held | d.Cut | d.CallEnding) for action in actions)
            assert explained, f"{now}: cleared without a reason"
        for action in actions:
            if isinstance(action, d.TurnEnded | d.Held | d.Cut | d.Resumed | d.Ignored):
                assert action.why, f"{now}: {action}"


def an_ellipsis_is_no_reply(sim: Simulator) -> None:
    """It is neither spoken nor on record, nor in what the model is told of the conversation."""
    for now, _, actions in sim.steps:
        for action in actions:
            if isinstance(action, a.Speak | a.LineAdded):
                assert not is_ellipsis(action.text), f"{now}: {action}"
            if isinstance(action, a.StartReply):
                assert not any(isinstance(x, AgentSaid) and is_ellipsis(x.text) for x in action.history), f"{now}"


def no_words_are_lost(this: Walk) -> None:
    """Each word that became stable is in the record exactly once."""
    sim = this.sim
    ending = min((at for at, _ in sim.explained(d.CallEnding)), default=10**9)
    record = " ".join(x.text for _, x in sim.actions(a.LineAdded) if x.speaker == "caller").split()
    events = [(now, event) for now, event, _ in sim.steps if isinstance(event, e.TranscriptUpdated)]
    finals = [(now, event.stable) for now, event in events if now < ending - 8_000]
    for now, text in finals:
        for word in text.split():
            if MARK in word and word not in this.misheard:
                assert record.count(word) == 1, f"{now}: {word} x{record.count(word)} in {sim.lines}"
    for word in record:
        assert record.count(word) == 1 or MARK not in word, f"{word} twice in {sim.lines}"


def unanswered_finals_are_explained(this: Walk) -> None:
    """If stable words do not enter the record (a backchannel), the decision to dismiss them is explained."""
    sim = this.sim
    ending = min((at for at, _ in sim.explained(d.CallEnding)), default=10**9)
    dismissed = [at for what in (d.Ignored, d.Resumed) for at, _ in sim.explained(what)]
    lines = [(at, line.text) for at, line in sim.actions(a.LineAdded) if line.speaker == "caller"]
    for now, event, _ in sim.steps:
        if not isinstance(event, e.TranscriptUpdated):
            continue
        short = event.stable in SHORT_WORDS and event.stable not in this.misheard
        if short and now < min(ending, sim.now) - 15_000:
            near = range(now - 13_000, now + 15_000)
            answered = any(at >= near.start and event.stable in text for at, text in lines)
            assert answered or any(at in near for at in dismissed), f"{now}: {event.stable!r} in {sim.lines}"


# --- inside ---------------------------------------------------------------------------------------------------------


def _turn(mark: str) -> int:
    return int(mark[1:].partition(".")[0])


def _caller_words(history: History) -> str:
    return " ".join(item.text for item in history if isinstance(item, CallerSaid))


def _explained(sim: Simulator) -> list[tuple[int, int, type[d.Decided]]]:
    return [(x.turn, at, type(x)) for at, _, done in sim.steps for x in done if isinstance(x, d.Decided)]

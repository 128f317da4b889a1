"""Whether the end of a voice tells that a caller is done: what each feature of it is worth, on people and on engines.

    python -m tests.bench.turns.prosody --folder FOLDER [--folder FOLDER ...] [--callers]

A folder, or folders in it, may hold any of these; what is not there is left out, and said to be:

    prosody.json    pairs of a sentence that ends and the same words that go on (neural voices; "may_end_s" is the cut)
    *.rttm          meetings, with who speaks when: an end is a change of speaker, a pause one of the same speaker
    sounds/VOICE/   the prompts of Asterisk (people; Debian's asterisk-core-sounds-*-wav): fragments that something
                    follows, and sentences; the longer commands are there as both
    NAME.wav        the readers of `READ`

With `--callers` also the bench's own callers (espeak; part `tuning`), whose words are known: does the voice add to
them?

The table gives areas under the ROC curve (0.5: tells nothing; below: the other way round) with 95 % intervals, from
resampling whole voices. Several features together are fitted on all voices but the one they judge.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from telephony.audio import wav
from telephony.core.language.english import ENGLISH
from telephony.core.language.words import words
from telephony.core.policy import TurnTaking
from telephony.core.turn_taking.endpointing import Endpointing
from telephony.core.turn_taking.judgement import Evidence
from telephony.core.turn_taking.question import AnswerContext
from tests.bench.turns import sound as snd
from tests.bench.turns.corpus import LEAD_MS, TURNS, Recording, compose, plan
from tests.bench.turns.play import hear, voiced_after
from tests.bench.turns.store import Store, default_store
from tests.bench.turns.voice_end import FEATURES, Flags, Numbers, Track, end_features, track

WINDOW_MS, TAIL_MS = 32, 1_500
LOUD_DB = -20
"""The loud frames (95th percentile) of a recording are put at this level."""
SLACK_MS = 120
"""How far a label may lie before the end that the detector sees."""
GAP_MS, LONGEST_GAP_MS, GOES_ON_MS = 200, 2_000, 1_500
LONGEST_EXCERPT_S = 3_600
SAMPLES, RIDGE = 1_000, 5.0
PITCH = tuple(at for at, name in enumerate(FEATURES) if name.startswith("pitch"))
GROUPS = {"pitch": PITCH, "all but pitch": tuple(set(range(len(FEATURES))) - set(PITCH)), "all": None}

READ = {
    "jfk": {2.12: 0, 4.3: 0, 7.565: 0, 10.6: 1},
    "libri_198-209-0000": {2.54: 0, 5.33: 1, 8.18: 1, 10.29: 0, 13.465: 1},
    "libri_3436-172162-0000": {1.96: 1, 5.065: 0, 9.35: 0, 11.68: 0, 16.235: 1},
    "LJ050-0131": {1.84: 0, 4.08: 0, 5.92: 0, 7.55: 1},
    "ps_librivox_0870": {6.735: 1},
    "ps_librivox_0880": {2.905: 0},
    "ps_librivox_0920": {5.765: 0},
    "arctic_a0024": {3.775: 1},
}
"""Where a stretch of speech ends (s), and whether a sentence does, by its text."""
FRAGMENTS = """at-tone-time-exactly confbridge-there-are conf-enteringno conf-thereare dir-multi1 dir-pls-enter
if-correct-press num-was-successfully privacy-to-blacklist-last-caller priv-callpending queue-holdtime queue-quantity1
queue-thereare vm-duration vm-from-phonenumber vm-from-extension vm-num-i-have vm-onefor vm-onefor-full vm-theperson
vm-youhave vm-savedto you-entered is-set-to followme/call-from""".split()
COMMANDS = """dec-list-vol dec-talk-vol inc-list-vol inc-talk-vol leave lock menu-exit mute remove-last rest-list-vol
rest-talk-vol""".split()
SENTENCES = """agent-alreadyon agent-incorrect agent-newlocation agent-pass all-circuits-busy-now auth-incorrect
cannot-complete-as-dialed check-number-dial-again confbridge-invalid confbridge-locked confbridge-lock-no-join
confbridge-muted confbridge-only-one confbridge-only-participant confbridge-pin-bad confbridge-removed
confbridge-unlocked confbridge-unmuted conf-extended conf-full conf-getchannel conf-getconfno conf-getpin
conf-invalidpin conf-invalid conf-leaderhasleft conf-noempty conf-nonextended conf-now-muted conf-now-recording
conf-now-unmuted conf-onlyone conf-onlyperson conf-placeintoconf conf-roll-callcomplete conf-waitforleader
demo-abouttotry demo-echodone demo-nogo demo-thanks dir-nomatch dir-nomore enter-num-blacklist entr-num-rmv-blklist
feature-not-avail-line invalid number-not-answering pbx-invalid pbx-invalidpark please-try-again pls-hold-while-try
pls-try-call-later privacy-incorrect privacy-unident ss-noservice transfer tt-allbusy vm-deleted vm-invalidpassword
vm-mismatch vm-msgforwarded vm-msgsaved vm-nomore vm-passchanged vm-tmpexists""".split()


@dataclass(frozen=True, slots=True)
class Silence:
    """Where a voice falls silent, with the `FEATURES` of its end. `done`: its speaker had finished. `wait_ms`: how long
    the rules wait after the words so far, where those are known."""

    voice: str
    done: bool
    features: Numbers
    wait_ms: int = 0


# --- recordings -----------------------------------------------------------------------------------------------------


def _heard(samples: snd.Samples, store: Store) -> tuple[list[int], Track]:
    """The ends of the voiced windows in ms, and the track."""
    return _track(snd.encoded(snd.line(np.pad(samples, (0, -len(samples) % 160)).astype(np.float32), 1)), store)


def _track(pcmu: bytes, store: Store) -> tuple[list[int], Track]:
    ends = voiced_after(hear(Recording(pcmu, ()), store))
    voiced: Flags = np.zeros(len(pcmu) // 160, np.bool_)
    for end in ends:
        voiced[max(0, end - WINDOW_MS) // 20 : end // 20] = True
    return ends, track(snd.decoded(pcmu), voiced)


def _file(path: Path) -> snd.Samples:
    """A recording at a usual level, with silence before and after it."""
    samples = snd.banded(snd.decoded(wav.read_mono(path)))
    levels = np.sqrt(np.mean(np.square(samples[: len(samples) // 160 * 160].reshape(-1, 160)), axis=1))
    samples = np.clip(samples * (10 ** (LOUD_DB / 20) / max(float(np.percentile(levels, 95)), 1e-6)), -0.98, 0.98)
    return np.concatenate([snd.quiet(LEAD_MS), samples, snd.quiet(TAIL_MS)]).astype(np.float32)


def _silence(
    voice: str, done: bool, heard: Track, end: int, median: float | None = None, wait: int = 0
) -> list[Silence]:
    found = end_features(heard, end, median)
    return [] if found is None else [Silence(voice, done, found, wait)]


def pairs(folder: Path, store: Store) -> Iterator[Silence]:
    for listed in folder.rglob("prosody.json"):
        for entry in json.loads(listed.read_text()):
            samples = _file(listed.parent / Path(entry["file"]).name)
            if cut := entry.get("may_end_s"):  # at the quietest place near it, as the words are aligned to 50 ms
                at = LEAD_MS * snd.PER_MS + int(cut * 8_000)
                at = min(
                    range(at - 320, at + 321, 40), key=lambda i: float(np.mean(np.square(samples[i - 40 : i + 40])))
                )
                samples = np.concatenate([samples[:at], snd.quiet(TAIL_MS)])
                samples[at - 80 : at] *= np.linspace(1, 0, 80, dtype=np.float32)
            ends, heard = _heard(samples, store)
            yield from _silence(entry["voice"], not cut, heard, ends[-1])


def readers(folder: Path, store: Store) -> Iterator[Silence]:
    for name, places in READ.items():
        for path in folder.rglob(f"{name}.wav"):
            ends, heard = _heard(_file(path), store)
            for at, done in places.items():
                end = max(end for end in ends if end <= LEAD_MS + at * 1_000 + SLACK_MS)
                yield from _silence(name.partition("_0")[0], bool(done), heard, end)


def prompts(folder: Path, store: Store) -> Iterator[Silence]:
    names = dict.fromkeys(FRAGMENTS, False) | {f"confbridge-{name}-in": False for name in COMMANDS}
    names |= dict.fromkeys(SENTENCES, True) | {f"confbridge-{name}-out": True for name in COMMANDS}
    for voice in sorted({path.parent for path in folder.rglob("vm-youhave.wav")}):
        found = [
            (done, *_heard(_file(path), store))
            for name, done in names.items()
            if (path := voice / f"{name}.wav").is_file()
        ]
        median = float(np.median([heard.median() for _, _, heard in found]))
        for done, ends, heard in found:
            yield from _silence(voice.name, done, heard, ends[-1], median)


def meetings(folder: Path, store: Store) -> Iterator[Silence]:
    spoken: dict[Path, list[tuple[float, float, str]]] = {}
    for listed in sorted(folder.rglob("*.rttm")):
        for line in listed.read_text().splitlines():
            _, name, _, start, length, _, _, who, *_ = line.split()
            if (path := listed.parent / f"{name}.wav").is_file():
                spoken.setdefault(path, []).append((float(start), float(start) + float(length), who))
    for path, turns in sorted(spoken.items()):
        ends, heard = _heard(_file(path), store)
        last = max(end for _, end, _ in turns)
        for who in sorted({who for _, _, who in turns}):
            yield from _of_speaker(who, turns, last, ends, heard)


def _of_speaker(
    who: str, turns: Sequence[tuple[float, float, str]], last: float, ends: Sequence[int], heard: Track
) -> Iterator[Silence]:
    """The silences after `who` has spoken alone. Done: the next voice is another's, and theirs does not go on."""
    mine, others = (_speaking([turn for turn in turns if (turn[2] == who) is own]) for own in (True, False))
    places = (np.arange(len(heard.voiced)) * 20 - LEAD_MS) // 10
    alone = (places >= 0) & (mine & ~others)[np.clip(places, 0, len(mine) - 1)]
    own = Track(heard.pitch, heard.periodicity, heard.level, heard.voiced & alone)

    def share(speaking: Flags, start_ms: int, end_ms: int) -> float:
        return float(speaking[(start_ms - LEAD_MS) // 10 : (end_ms - LEAD_MS) // 10].mean())

    for end, following in itertools.pairwise(ends):
        onset = following - WINDOW_MS
        if onset - end < GAP_MS or not LEAD_MS + 500 <= end <= LEAD_MS + last * 1_000 - GOES_ON_MS:
            continue
        if share(mine, end - 500, end - 100) < 1 or share(others, end - 500, end - 100) > 0.1:
            continue
        same, another = (share(one, onset + 50, onset + 450) > 0.5 for one in (mine, others))
        if same and not another and onset - end <= LONGEST_GAP_MS:
            yield from _silence(who, False, own, end)
        elif another and not same and share(mine, end + 300, end + 300 + GOES_ON_MS) <= 0.2:
            yield from _silence(who, True, own, end)


def _speaking(turns: Iterable[tuple[float, float, str]]) -> Flags:
    """Whether one of the turns is under way, for each 10 ms of an excerpt."""
    found: Flags = np.zeros(LONGEST_EXCERPT_S * 100, np.bool_)
    for start, end, _ in turns:
        found[int(start * 100) : int(end * 100)] = True
    return found


def callers(store: Store) -> Iterator[Silence]:
    rule = Endpointing(TurnTaking(), ENGLISH)
    for recipe in plan("tuning", 1, renderings=1):
        if recipe.kind not in TURNS:
            continue
        recording = compose(recipe, store).recording
        ends, heard = _track(recording.pcmu, store)
        context = AnswerContext.after(recipe.prompt, (), ENGLISH)
        for at, (start, stop) in enumerate(recording.segments):
            said = " ".join(words(" ".join(written for _, written in recipe.texts[: at + 1])))
            mine = [end for end in ends if start < end <= stop + 250]
            done = at == len(recording.segments) - 1
            if mine:
                yield from _silence(
                    recipe.caller.voice, done, heard, mine[-1], wait=rule.wait(Evidence(said, context)).ms
                )


# --- worth ----------------------------------------------------------------------------------------------------------


def area(scores: Numbers, done: Flags) -> float:
    """The share of (done, not done) pairs in which the former has the higher score; ties count half."""
    high, low = scores[done], scores[~done]
    return float(np.mean((high[:, None] > low) + 0.5 * (high[:, None] == low)))


def _area_of(scores: Numbers, done: Flags, some: NDArray[np.int64]) -> float:
    return area(scores[some], done[some])


def _best(features: Numbers, done: Flags) -> str:
    """The best single feature, and how often the best of them is as good where the outcomes are dealt at random."""
    rng = np.random.default_rng(1)
    found = [_strength(features, one) for one in [done] + [rng.permutation(done) for _ in range(SAMPLES)]]
    best, chance = found[0], [max(one) for one in found[1:]]
    share = np.mean([one >= max(best) for one in chance])
    return f"best of {len(FEATURES)}: {FEATURES[int(np.argmax(best))]}, by chance in {share:.1%} of the cases"


def _strength(features: Numbers, done: Flags) -> list[float]:
    return [abs(area(column, done) - 0.5) for column in features.T]


def interval(measure: Callable[[NDArray[np.int64]], float], done: Flags, voices: Sequence[str]) -> tuple[float, float]:
    """The 95 % interval of a measure of some of the silences (by index), from resampled voices."""
    rng = np.random.default_rng(1)
    mine = [np.flatnonzero(np.array(voices) == voice) for voice in sorted(set(voices))]
    found: list[float] = []
    while len(found) < SAMPLES:
        some = np.concatenate([mine[at] for at in rng.integers(0, len(mine), len(mine))])
        if 0 < np.count_nonzero(done[some]) < len(some):
            found.append(measure(some))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def judged(features: Numbers, done: Flags, voices: Sequence[str]) -> Numbers:
    """The log-odds of each silence by a logistic regression on the other voices, both outcomes weighing the same."""
    odds = np.zeros(len(done))
    for voice in set(voices):
        test = np.array(voices) == voice
        odds[test] = _carried(features[~test], done[~test], features[test])
    return odds


def _carried(features: Numbers, done: Flags, others: Numbers) -> Numbers:
    """The log-odds of others, fitted on these."""
    mean, spread = features.mean(0), features.std(0) + 1e-9
    odds: Numbers = np.c_[(others - mean) / spread, np.ones(len(others))] @ _fitted((features - mean) / spread, done)
    return odds


def _fitted(features: Numbers, done: Flags) -> Numbers:
    rows = np.c_[features, np.ones(len(features))]
    weigh = np.where(done, 0.5 / max(done.mean(), 1e-9), 0.5 / max(1 - done.mean(), 1e-9))
    ridge = np.diag([RIDGE] * features.shape[1] + [1e-6])
    found = np.zeros(rows.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-rows @ found))
        slope = rows.T @ (weigh * (chance - done)) + ridge @ found
        found = found - np.linalg.solve((rows * (weigh * chance * (1 - chance))[:, None]).T @ rows + ridge, slope)
    return found


def table(name: str, silences: Sequence[Silence]) -> Iterator[str]:
    """The lines of one source."""
    voices, done = [one.voice for one in silences], np.array([one.done for one in silences], np.bool_)
    features = np.array([one.features for one in silences])
    yield f"{name}: {done.sum()} ends, {(~done).sum()} pauses, {len(set(voices))} voices"
    scores = {feature: features[:, at] for at, feature in enumerate(FEATURES)}
    for group, columns in GROUPS.items():
        scores[f"{group}, fitted"] = judged(features if columns is None else features[:, columns], done, voices)
    for title, score in scores.items():
        low, high = interval(partial(_area_of, score, done), done, voices)
        yield f"  {title:18} {area(score, done):.2f} ({low:.2f}-{high:.2f})"
    yield "  " + _best(features, done)
    if any(one.wait_ms for one in silences):
        alone = judged(np.array([[-one.wait_ms] for one in silences], float), done, voices)
        both = judged(np.c_[[-one.wait_ms for one in silences], features], done, voices)
        low, high = interval(lambda some: area(both[some], done[some]) - area(alone[some], done[some]), done, voices)
        yield f"  words {area(alone, done):.3f}, with the voice {area(both, done):.3f}: {low:+.3f} to {high:+.3f}"


def elsewhere(found: Mapping[str, Sequence[Silence]]) -> Iterator[str]:
    """What all features, fitted on one source, are worth on each other."""
    data = {
        name: (np.array([one.features for one in some]), np.array([one.done for one in some]))
        for name, some in found.items()
        if some
    }
    for name, (features, done) in data.items():
        worth = [
            f"{other} {area(_carried(features, done, x), y):.2f}" for other, (x, y) in data.items() if other != name
        ]
        yield f"all, fitted on {name}: {', '.join(worth)}"


SOURCES = {"meetings": meetings, "prompts": prompts, "readers": readers, "pairs": pairs}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, action="append", default=[])
    parser.add_argument("--callers", action="store_true")
    options = parser.parse_args(arguments)
    store = default_store()
    found = {
        name: [one for folder in options.folder for one in source(folder, store)] for name, source in SOURCES.items()
    }
    if options.callers:
        found["callers"] = list(callers(store))
    for name, silences in found.items():
        print("\n".join(table(name, silences)) if silences else f"{name}: none in these folders")
    for line in elsewhere(found):
        print(line)


if __name__ == "__main__":
    main()

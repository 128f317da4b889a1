"""Barge-in in whole calls: what the caller does while the agent speaks -> what is decided, and why.

The rule itself has its table in `test_barge_in_table.py`. Here are the cases that need a call around it: what counts as
evidence (echo, a question under way, ears that do not work, a noise already dismissed), what the rule is not asked
about (protected speech, an answer that was restarted once, keys), and what follows from a verdict.

A row is a script and the decisions that it leads to. The script begins when the agent begins to be heard (0 ms), and
the ears say only what the script says:

    voice 400          voice without words, for so many ms
    partial yes        the transcript so far
    final yes          the transcript of the commit asked for last
    key 4, ears lost, ears ready, end_call
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from telephony.call import actions as a
from telephony.call import events as e
from telephony.call.policy import Policy, TurnTaking
from telephony.testing.simulator import Simulator
from tests.call.timeline import LONG, Agent, agent_lines, by_words, caller, play, thoughts

DECISIONS = ("hold", "cut", "resume", "ignored", "not_heard", "end_of_turn")
OPEN_QUESTION = "Where do you want to sit in our nice big house?"
POLAR_QUESTION = "Shall I book a table at nine for you then, as always?"


class Scene:
    """A call in which the agent has just begun to be heard, and what the script makes of it."""

    def __init__(self, script: str, says: str | Agent = LONG, policy: Policy | None = None, **latencies: int) -> None:
        agent = by_words(says, stop="Yes?", parking="Behind it.") if isinstance(says, str) else says
        ask = "" if policy is not None and policy.greeting else "0.5 caller what are your hours\n"
        self.sim = play(f"{ask} a+0 end", agent, policy, **latencies)
        self.begins = self.sim.now
        self.sim.faults.no_partials = self.sim.faults.no_finals = True
        self.go_on(script)

    def go_on(self, script: str) -> None:
        """Plays the lines, and three seconds more."""
        at = self.sim.now
        for line in script.strip().splitlines():
            when, what, *rest = line.split(maxsplit=2)
            at = self.begins + int(when)
            self.sim.run(at)
            self._do(at, what, " ".join(rest))
        self.sim.run(at + 3_000)

    def decisions(self) -> list[str]:
        """What was decided, and why, in order."""
        return [f"{what} {why}".strip() for _, what, why in self._explained()]

    def when(self, decision: str) -> int:
        """When, since the agent began to be heard, in ms. It must have been once."""
        [at] = [at for at, what, why in self._explained() if decision in (what, f"{what} {why}")]
        return at

    def _do(self, at: int, what: str, argument: str) -> None:
        sim = self.sim
        match what:
            case "voice":
                sim.coughs(at, int(argument))
            case "partial":
                sim.at(at, e.TranscriptPartial(argument))
            case "final":
                sim.at(at, e.TranscriptFinal(sim.actions(a.CommitTranscript)[-1][1].commit, argument))
            case "key":
                sim.at(at, e.KeyPressed(argument))
            case "ears":
                sim.at(at, e.EarsLost("provider_unavailable", True) if argument == "lost" else e.EarsReady())
            case "end_call":
                sim.at(at, e.EndRequested("operator"))
            case _:
                raise AssertionError(f"what is {what!r}?")

    def _explained(self) -> list[tuple[int, str, str]]:
        return [
            (now - self.begins, x.what, str(dict(x.because).get("why", "")))
            for now, x in self.sim.actions(a.Explain)
            if x.what in DECISIONS and now > self.begins
        ]


def rules(**changed: int) -> Policy:
    """The default policy with other numbers of turn-taking."""
    return Policy(turn_taking=TurnTaking(**changed))  # type: ignore[arg-type]  # all of them are int


GREETING = Policy(greeting=LONG)  # the caller has said nothing yet: nobody knows how loud they are
PROTECTED = Policy(greeting=LONG, greeting_protected=True)
DISCLOSURE = Policy(must_be_heard=("On Sundays we stay closed.",))

Row = tuple[str, str, str, Policy | None, list[str]]

ROWS: list[Row] = [
    # --- echo: words that the agent is just saying, in its order ---
    ("two of its words without voice", "1000 partial at nine", LONG, None, ["ignored open"]),
    ("one of its words is too little to know it by", "1000 partial open", LONG, None,
     ["cut words", "end_of_turn finished"]),
    ("its words in another order", "1000 partial at open", LONG, None, ["cut words", "end_of_turn finished"]),
    ("hardly any voice: less than a word", "1000 voice 160\n 1200 partial open at", LONG, None,
     ["hold voice", "resume echo"]),
    ("voice for a word: the caller repeats it", "1000 voice 192\n 1200 partial open at", LONG, None,
     ["hold voice", "cut words", "end_of_turn trailing"]),
    ("as much voice as a word", "1000 voice 192\n 1200 partial open at", LONG, rules(min_word_ms=192),
     ["hold voice", "cut words", "end_of_turn trailing"]),
    ("1 ms less", "1000 voice 192\n 1200 partial open at", LONG, rules(min_word_ms=193), ["hold voice", "resume echo"]),
    ("four words in a voice that nobody knows yet", "1000 voice 300\n 1200 partial we open at nine", LONG, GREETING,
     ["hold voice", "resume echo"]),
    ("three: a caller repeats as many", "1000 voice 300\n 1200 partial open at nine", LONG, GREETING,
     ["hold voice", "cut words", "end_of_turn likely"]),
    ("four words in the voice of a known caller", "1000 voice 300\n 1200 partial we open at nine", LONG, None,
     ["hold voice", "cut words", "end_of_turn finished"]),
    # --- was it asked? ---
    ("yes to no question", "700 voice 300\n 900 partial yes\n 1300 final yes", LONG, None,
     ["hold voice", "resume backchannel"]),
    ("yes into a question for yes or no", "700 voice 300\n 900 partial yes\n 1300 final yes", POLAR_QUESTION, None,
     ["hold voice", "cut answer", "end_of_turn finished"]),
    ("yes into another question is a listener's", "700 voice 300\n 900 partial yes\n 1300 final yes", OPEN_QUESTION,
     None, ["hold voice", "resume backchannel"]),
    ("yes behind it", "3300 voice 300\n 3500 partial yes\n 4000 final yes", OPEN_QUESTION, None,
     ["end_of_turn finished"]),
    # --- half a word ---
    ("ri, and it was right", "700 voice 300\n 900 partial ri\n 1300 final right", LONG, None,
     ["hold voice", "resume backchannel"]),
    ("ri, and it was rye", "700 voice 300\n 900 partial ri\n 1300 final rye", LONG, None,
     ["hold voice", "cut words", "end_of_turn finished"]),
    ("ri, and no final", "700 voice 300\n 900 partial ri", LONG, None, ["hold voice", "cut words", "end_of_turn open"]),
    # --- ears ---
    ("ears that tell", "1000 voice 2500", LONG, None, ["hold voice", "resume no words in it"]),
    ("ears that are lost", "900 ears lost\n 1000 voice 2500", LONG, None, ["hold voice", "cut voice"]),
    ("ears that are back", "800 ears lost\n 900 ears ready\n 1000 voice 2500", LONG, None,
     ["hold voice", "resume no words in it"]),
    # --- a noise that was found to be without words ---
    ("it goes on after 1.00 s", "500 voice 2000\n 3500 voice 400", LONG, None,
     ["hold voice", "resume no words in it", "ignored unheard"]),
    ("it goes on after 1.02 s", "500 voice 2000\n 3520 voice 400", LONG, None,
     ["hold voice", "resume no words in it", "hold voice", "resume no words"]),
    ("it goes on, and on again", "500 voice 2000\n 3400 voice 400\n 4700 voice 400", LONG, None,
     ["hold voice", "resume no words in it", "ignored unheard"]),
    ("words in it", "500 voice 4000\n 4000 partial stop please", LONG, None,
     ["hold voice", "resume no words in it", "cut words", "end_of_turn finished"]),
    ("another false alarm is not remembered", "500 voice 300\n 1600 voice 300", LONG, None,
     ["hold voice", "resume no words", "hold voice", "resume no words"]),
    # --- protected ---
    ("words into a protected greeting", "1000 voice 300\n 1100 partial stop please", LONG, PROTECTED,
     ["end_of_turn finished"]),
    ("a murmur into it", "1000 voice 300\n 1100 partial mm-hm", LONG, PROTECTED, ["ignored finished"]),
    ("its own words", "1000 partial at nine", LONG, PROTECTED, ["ignored open"]),
    ("a key into it", "1000 key 4", LONG, PROTECTED, []),
    ("words into a disclosure", "1000 voice 300\n 1100 partial stop please", LONG, DISCLOSURE,
     ["end_of_turn finished"]),
    ("words into a goodbye that has to be", "1000 end_call\n 1500 voice 300\n 1600 partial stop please", LONG, None,
     []),
    ("a key into it cuts nothing", "1000 end_call\n 1500 key 4", LONG, None, []),
    # --- keys ---
    ("a key cuts at once", "1000 key 4", LONG, None, ["cut key"]),
    ("a key while nobody speaks", "8000 key 4", LONG, None, []),
]  # fmt: skip


@pytest.mark.parametrize(("script", "says", "policy", "decisions"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
def test_what_is_decided(script: str, says: str, policy: Policy | None, decisions: list[str]) -> None:
    """Rows of `ROWS`."""
    assert Scene(script, says, policy).decisions() == decisions

"""Whole calls in German and in Spanish: whatever happens, no English is spoken, and murmurs cost nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pytest

from telephony import Agent, Voice, Wording
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core.history import History
from telephony.core.language.registry import language_for
from telephony.core.policy import TurnTaking
from telephony.testing.script import CallerScript
from telephony.testing.simulator import CallTool, Part, Simulator, last_words
from telephony.text_normalization import spoken_form
from tests.core.calls import agent_lines, asks, caller, reasons

ENGLISH = asdict(Wording())


@dataclass(frozen=True)
class Words:
    """What is said in a call in one language."""

    code: str
    greeting: str
    question: str
    answer: str
    murmurs: tuple[str, ...]
    stops: tuple[str, ...]
    asks_more: str
    more: str
    thanks: str
    goodbye: str
    answers: tuple[str, ...]
    wait: str
    offer: str
    """As a model writes it, with a price, a date and a time."""
    heard: str
    """As the voice gets it."""


GERMAN = Words(
    "de",
    greeting="Guten Tag, Sie sprechen mit dem Restaurant Adler.",
    question="wann haben Sie geöffnet",
    answer="Wir öffnen um neun Uhr morgens und schließen um sechs. Sonntags bleiben wir geschlossen. Bis dahin.",
    murmurs=("mhm", "ja genau", "okay gut", "alles klar", "stimmt", "naturlich"),
    stops=("stopp", "moment mal", "warte", "nein"),
    asks_more="einen Tisch für vier",
    more="Gern.",
    thanks="danke das war alles",
    goodbye="Vielen Dank für Ihren Anruf, einen schönen Abend noch. Auf Wiederhören.",
    answers=("vielen Dank, Ihnen auch", "danke, auf Wiederhören", "schönen Tag noch"),
    wait="warten Sie, ich habe noch eine Frage",
    offer="Das Menü kostet 1.234,50 € für 12 Personen, am Mi., 5.3. um 15:30 Uhr. Bestellnummer A-417.",
    heard="Das Menü kostet eintausendzweihundertvierunddreißig Euro fünfzig für zwölf Personen, "
    "am Mittwoch, fünften März um fünfzehn Uhr dreißig. Bestellnummer A, vier eins sieben.",
)
SPANISH = Words(
    "es",
    greeting="Buenos días, habla con el restaurante El Roble.",
    question="a qué hora abren",
    answer="Abrimos a las nueve de la mañana y cerramos a las seis. Los domingos no abrimos. Reserve con tiempo.",
    murmurs=("ajá", "sí", "muy bien", "claro que sí", "ok, muy bien", "esta bien"),
    stops=("espera", "un momento", "no", "pare"),
    asks_more="una mesa para cuatro",
    more="Con gusto.",
    thanks="no, eso es todo, gracias",
    goodbye="Gracias por llamar, que tenga un buen día. Hasta luego.",
    answers=("muchas gracias, hasta luego", "gracias, igualmente", "adiós"),
    wait="espere, una pregunta más",
    offer="Son 1.234,50 € para 21 personas, el 3/5 a las 15:30. El pedido es el n.º A-417.",
    heard="Son mil doscientos treinta y cuatro euros con cincuenta céntimos para veintiuna personas, "
    "el tres de mayo a las quince treinta. El pedido es el número A, cuatro uno siete.",
)
BOTH = pytest.mark.parametrize("say", [GERMAN, SPANISH], ids=["German", "Spanish"])


def call(say: Words, script: CallerScript, **latencies: int) -> Simulator:
    """The call of an agent that has only been told its language."""

    def replies(history: History) -> list[Part]:
        said = last_words(history)
        if said == say.thanks:
            return [say.goodbye, CallTool("end_call")]
        if said == say.asks_more:
            return [say.offer]
        return [say.answer if said == say.question else say.more]

    agent = Agent(prompt="P.", greeting=say.greeting, voice=Voice(language=say.code))
    sim = Simulator(agent.policy(), replies, spoken_form=lambda text: spoken_form(text, say.code))
    for name, value in latencies.items():
        setattr(sim.latencies, name, value)
    script.play(sim)
    return sim


def sent_to_tts(sim: Simulator) -> list[str]:
    return [action.text.strip() for _, action in sim.actions(a.Speak)]


def spoken(sim: Simulator) -> str:
    """All that was said or sent to the voice."""
    return " ".join([*agent_lines(sim), *sent_to_tts(sim)])


def has_no_english(sim: Simulator) -> bool:
    """No phrase of the English wording was spoken, nor one of its sentences."""
    sentences = {part.strip(" .") for text in ENGLISH.values() for part in text.replace("?", ".").split(".")} - {""}
    return not any(sentence in spoken(sim) for sentence in sentences)


@BOTH
def test_a_whole_call(say: Words) -> None:
    """Greeting, question, murmurs, an interruption, another request with prices and dates, thanks and goodbye."""
    script = asks(say.question, 5).interrupts(say.murmurs[1], 1.5, ms=400).interrupts(say.stops[0], 2)
    sim = call(
        say, script.waits(2).says(say.asks_more).waits(20).says(say.thanks).interrupts(say.answers[0], 1).waits(6)
    )
    lines = agent_lines(sim)
    assert lines[0] == say.greeting
    assert lines[1].endswith("--")
    assert say.answer.startswith(lines[1].removesuffix(" --"))
    assert lines[2:] == [say.more, say.offer, say.goodbye]
    assert say.heard in " ".join(sent_to_tts(sim))
    assert caller(sim) == [say.question, say.stops[0], say.asks_more, say.thanks]
    assert sim.call.ended is not None
    assert sim.call.ended.reason == "agent"
    assert has_no_english(sim)


@BOTH
def test_prices_and_dates_are_said_in_the_language(say: Words) -> None:
    """The record holds the reply as it was written."""
    sim = call(say, asks(say.asks_more, 5).waits(20))
    assert " ".join(sent_to_tts(sim)) == say.heard
    assert agent_lines(sim) == [say.greeting, say.offer]
    assert has_no_english(sim)


@pytest.mark.parametrize(("say", "murmur"), [(say, one) for say in (GERMAN, SPANISH) for one in say.murmurs])
def test_a_murmur_costs_nothing(say: Words, murmur: str) -> None:
    """The answer is heard to its end, and nothing else is answered."""
    sim = call(say, asks(say.question, 5).interrupts(murmur, 2, ms=400).waits(8))
    assert agent_lines(sim) == [say.greeting, say.answer]
    assert caller(sim) == [say.question]


@pytest.mark.parametrize(("say", "stop"), [(say, one) for say in (GERMAN, SPANISH) for one in say.stops])
def test_a_claim_to_the_floor_stops_the_agent(say: Words, stop: str) -> None:
    """And is answered."""
    sim = call(say, asks(say.question, 5).interrupts(stop, 2, ms=400).waits(3))
    assert agent_lines(sim)[1].endswith("--")
    assert caller(sim) == [say.question, stop]
    assert reasons(sim, d.Cut) == ["words"]


@pytest.mark.parametrize(("say", "words"), [(say, one) for say in (GERMAN, SPANISH) for one in say.answers])
def test_the_goodbye_is_heard_once(say: Words, words: str) -> None:
    """A caller who answers it does not cut it; one who brings up something new does."""
    sim = call(say, asks(say.thanks, 5).interrupts(words, 1).waits(6))
    assert agent_lines(sim) == [say.greeting, say.goodbye]
    more = call(say, asks(say.thanks, 5).interrupts(say.wait, 1).waits(4))
    assert agent_lines(more)[1].endswith("--")
    assert agent_lines(more)[2] == say.more


@BOTH
def test_a_silent_caller_is_asked_and_let_go(say: Words) -> None:
    """In their language."""
    wording = language_for(say.code).wording
    assert wording is not None
    sim = call(say, CallerScript().waits(40))
    assert agent_lines(sim) == [say.greeting, wording.still_there, wording.silent_goodbye]
    assert sim.call.ended is not None
    assert has_no_english(sim)


@BOTH
def test_waits_and_apologies(say: Words) -> None:
    """A slow model, one that fails, and words that the recogniser does not find."""
    wording = language_for(say.code).wording
    assert wording is not None
    slow = call(say, asks(say.question, 5).waits(12), first_token=4_000)
    assert agent_lines(slow)[1:] == [wording.filler, say.answer]
    failing = Simulator(Agent(prompt="P.", voice=Voice(language=say.code)).policy(), lambda _: [say.more])
    failing.faults.llm_fails = "provider_unavailable"
    for at in (1_000, 12_000, 23_000, 34_000):
        failing.says(at, say.question)
    failing.run(55_000)
    assert agent_lines(failing) == [wording.apology] * 3 + [wording.broken]
    deaf = Simulator(Agent(prompt="P.", voice=Voice(language=say.code)).policy())
    deaf.coughs(1_000, 1_500)
    deaf.run(11_000)
    assert agent_lines(deaf) == [wording.not_heard]
    assert all(has_no_english(sim) for sim in (slow, failing, deaf))


@BOTH
def test_only_silence_ends_a_turn(say: Words) -> None:
    """There are no words for endpointing in these languages: a whole question and half of one wait equally long."""
    for text in (say.question, say.asks_more, say.more, say.thanks, "und", "porque", "ja", "sí"):
        sim = call(say, asks(text, 5).waits(3))
        [because] = [because for _, because in sim.explained(d.TurnEnded)]
        assert (because["why"], because["wait_ms"]) == ("silence", TurnTaking().silence_ms)

"""The local dialogue, which uses nothing but the messages of the request."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from telephony.examples.receptionist import agent
from telephony.offline.dialogue import CHOICES, OPENING, SORRY, respond
from telephony.testing.fakes.openai.server import CallTool, Say
from telephony.tools import END_CALL_TOOL

ALL = (*(tool.name for tool in agent.tools), END_CALL_TOOL.name)


@dataclass
class Dialogue:
    """The caller's side of a dialogue. `calls` collects the tool calls; every tool returns `result`."""

    tools: tuple[str, ...] = ALL
    result: str = "Your table is booked."
    calls: list[CallTool] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=lambda: [{"role": "assistant", "content": agent.greeting}])

    def say(self, text: str) -> str:
        self.messages.append({"role": "user", "content": text})
        spoken, calls = self._ask()
        while calls and calls[0].name != END_CALL_TOOL.name:
            function = {"name": calls[0].name, "arguments": json.dumps(calls[0].arguments)}
            call = {"id": "c1", "type": "function", "function": function}
            self.messages.append({"role": "assistant", "content": spoken or None, "tool_calls": [call]})
            self.messages.append({"role": "tool", "tool_call_id": "c1", "content": self.result})
            spoken, calls = self._ask()
        self.messages.append({"role": "assistant", "content": spoken})
        return spoken

    def _ask(self) -> tuple[str, list[CallTool]]:
        body = {
            "messages": [{"role": "system", "content": agent.prompt}, *self.messages],
            "tools": [{"type": "function", "function": {"name": name}} for name in self.tools],
        }
        parts = list(respond(body))
        calls = [part for part in parts if isinstance(part, CallTool)]
        self.calls += calls
        return " ".join(part.text for part in parts if isinstance(part, Say)), calls


def booked(*turns: str) -> list[CallTool]:
    dialogue = Dialogue()
    for turn in turns:
        dialogue.say(turn)
    return dialogue.calls


def test_a_table_is_booked_once_it_is_confirmed_and_the_call_ended() -> None:
    """Nothing is booked before the "yes"; the goodbye is spoken and ends the call."""
    caller = Dialogue()
    assert caller.say("what are your opening hours") == OPENING
    caller.say("wait i want to book a table")
    caller.say("on friday at seven")
    assert caller.say("for four people please") == "A table for 4 people on Friday at 7. Is that right?"
    assert caller.calls == []
    assert "is booked" in caller.say("yes please")
    assert caller.calls == [CallTool("book_table", {"day": "Friday", "time": "19:00", "people": 4})]
    assert "goodbye" in caller.say("no thank you goodbye")
    assert caller.calls[-1].name == END_CALL_TOOL.name


def test_the_tool_accepts_the_arguments_of_the_dialogue() -> None:
    """They match the schema of the example's tool."""
    call = booked("book a table for two", "tomorrow at eight thirty", "yes")[0]
    tool = next(tool for tool in agent.tools if tool.name == call.name)
    assert tool.arguments is not None
    assert tool.arguments.model_validate(call.arguments).model_dump()["time"] == "20:30"


def test_keys_answer_how_many() -> None:
    """The caller may press the number of people; an impossible number is asked for again."""
    caller = Dialogue()
    caller.say("i want to book a table")
    caller.say("on friday at seven")
    assert caller.say("[keys: 9]").startswith("I can book for one to eight")
    assert caller.say("[keys: 12#]").endswith("For how many people?")
    assert "4 people" in caller.say("[keys: 4#]")


def test_a_question_about_hours_books_nothing() -> None:
    """A day in a question does not start a booking, and "no" to "anything else?" ends the call."""
    caller = Dialogue()
    assert caller.say("are you open on sunday") == OPENING
    assert "goodbye" in caller.say("no")


def test_no_starts_the_booking_again_and_cancel_ends_it() -> None:
    """The details that the caller rejected are dropped."""
    assert booked("on friday at seven", "for four people", "no", "on sunday", "at six", "for two people", "yes") == [
        CallTool("book_table", {"day": "Sunday", "time": "18:00", "people": 2})
    ]
    assert booked("on friday at seven", "for four people", "cancel", "yes") == []


def test_a_yes_to_an_interrupted_question_books_nothing() -> None:
    """The history has only what the caller heard, so the question is asked again."""
    caller = Dialogue()
    caller.say("on friday at seven")
    caller.say("for four people")
    caller.messages[-1]["content"] = "A table for 4"
    assert caller.say("yes").endswith("Is that right?")
    assert caller.calls == []


def test_a_failed_tool_is_not_read_aloud() -> None:
    """The text of a failed tool is worded for a model; the caller hears an apology."""
    caller = Dialogue(result="The arguments of book_table are wrong: people: too many. Try again.")
    for turn in ("on friday at seven", "for four people"):
        caller.say(turn)
    assert caller.say("yes") == SORRY


def test_only_offered_tools_are_called() -> None:
    """Another agent may have no tools."""
    caller = Dialogue(tools=())
    for turn in ("on friday at seven", "for four people"):
        caller.say(turn)
    assert caller.say("yes") == SORRY
    assert "goodbye" in caller.say("goodbye")
    assert caller.calls == []


def test_anything_else_is_answered_with_the_choices() -> None:
    """Every time, so that there is no dead end."""
    caller = Dialogue()
    assert [caller.say(text) for text in ("stop", "stop", "hmm")] == [CHOICES] * 3


def test_free_wording_is_understood() -> None:
    """As people say it, and as a recogniser writes it."""
    caller = Dialogue()
    assert caller.say("Uh, hi, could you tell me until when you're open on Saturdays?") == OPENING
    assert "Which day" in caller.say("Great. I'd like to make a reservation, please.")
    assert caller.say("Hmm, Friday evening, around half past seven?") == "For how many people?"
    assert caller.say("For people.") == "A table for 4 people on Friday at 7 thirty. Is that right?"
    assert caller.say("No, sorry, at 8 p.m.") == "A table for 4 people on Friday at 8. Is that right?"
    assert "is booked" in caller.say("Yeah, that's perfect.")
    assert caller.calls == [CallTool("book_table", {"day": "Friday", "time": "20:00", "people": 4})]
    assert "goodbye" in caller.say("No, that's all. Good-bye.")


def test_everything_in_one_sentence() -> None:
    assert booked("Can we get a table for two tomorrow at 7:30 p.m.?", "That's right.") == [
        CallTool("book_table", {"day": "tomorrow", "time": "19:30", "people": 2})
    ]


def test_a_question_about_hours_inside_a_booking_keeps_what_is_known() -> None:
    caller = Dialogue()
    caller.say("A table for three on Sunday, please.")
    assert caller.say("Wait, when do you close?") == OPENING
    assert caller.say("At one, then.") == "A table for 3 people on Sunday at 1. Is that right?"


def test_a_goodbye_ends_the_call_even_in_a_booking() -> None:
    """And a "no" to "is that right?" does not."""
    caller = Dialogue()
    caller.say("A table for two on Friday at seven.")
    assert "Which day" in caller.say("No, thank you.")
    assert "goodbye" in caller.say("Bye then.")
    assert [call.name for call in caller.calls] == [END_CALL_TOOL.name]

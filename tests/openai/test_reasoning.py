"""What models write beside their answer is never spoken. Each row: the whole text of an answer, and what is said of it.

Every row is played whole, in pieces of one to seven characters, and split at each place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.openai.marks import _next_mark, next_mark
from telephony.openai.reasoning import MAX_HELD_CHARS, Reasoning

WHY = "The caller wants the hours. "
SAID = "We open at nine."


def passed(text: str, size: int, hold: bool = True) -> str:
    reasoning = Reasoning(hold=hold)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return ("".join(map(reasoning.add, pieces)) + reasoning.rest()).strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SAID, SAID),
        ("", ""),
        (f"<think>{WHY}</think>{SAID}", SAID),
        (f"<think>\n{WHY}\n</think>\n\n{SAID}", SAID),
        (f"<think></think>{SAID}", SAID),
        (f"<thinking>{WHY}</thinking>{SAID}", SAID),
        (f"<THINK>{WHY}</Think >{SAID}", SAID),
        (f'<think budget="400">{WHY}</think>{SAID}', SAID),
        (f"<think>{WHY}</thinking>{SAID}", SAID),
        (f"<thought>{WHY}</thought>{SAID}", SAID),
        (f"<reasoning>{WHY}</reasoning><answer>{SAID}</answer>", SAID),
        (f"<reflection>{WHY}</reflection><output>{SAID}</output>", SAID),
        (f"<scratchpad>{WHY}</scratchpad>{SAID}", SAID),
        (f"<inner_monologue>{WHY}</inner_monologue>{SAID}", SAID),
        (f"<seed:think>{WHY}</seed:think>{SAID}", SAID),
        (f"<notes_to_self>{WHY}</notes_to_self>{SAID}", SAID),
        (f"[THINK]{WHY}[/THINK]{SAID}", SAID),
        (f"◁think▷{WHY}◁/think▷{SAID}", SAID),
        (f"<|begin_of_thought|>{WHY}<|end_of_thought|><|begin_of_solution|>{SAID}<|end_of_solution|>", SAID),
        (f"<|START_THINKING|>{WHY}<|END_THINKING|><|START_RESPONSE|>{SAID}<|END_RESPONSE|>", SAID),
        (f"<unused94>thought\n{WHY}<unused95>{SAID}", SAID),
        (f"<|channel>thought\n{WHY}<channel|>{SAID}<turn|>", SAID),
        (f"<|channel|>analysis<|message|>{WHY}<|end|><|start|>assistant<|channel|>final<|message|>{SAID}<|return|>",
         SAID),
        (f"<|channel|>analysis<|message|>{WHY}", ""),
        (f"<|channel|>commentary<|message|>One moment.<|end|><|start|>assistant<|channel|>final<|message|> {SAID}",
         f"One moment. {SAID}"),
        ("<|channel|>commentary to=functions.hours <|constrain|>json<|message|>{}<|call|>",
         "<function=hours>{}</function>"),
        (f"analysis{WHY}assistantfinal{SAID}", SAID),
        (f"Here is my thought process:\n{WHY}\nHere is my response:\n{SAID}", SAID),
        (f"Thought: {WHY}\nFinal Answer: {SAID}", SAID),
        (f"Thought: {SAID}", SAID),
        ("Analysis of water costs ten euros.", "Analysis of water costs ten euros."),
        ("analysis", "analysis"),
        # unopened, unclosed, opened twice
        (f"{WHY}</think>{SAID}", SAID),
        (f"{WHY}</thinking>{SAID}", SAID),
        (f"{WHY}[/THINK]{SAID}", SAID),
        (f"{WHY}assistantfinal{SAID}", SAID),
        (f"<think>{WHY}", ""),
        (f"<think>{WHY}</thi", ""),
        (f"<think>{WHY}<think>more</think>more</think>{SAID}", SAID),
        (f"<think>There is a <think> tag.</think>{SAID}", SAID),
        ("<think>a</think>We open <think>b</think>at nine.", "We open at nine."),
        # special tokens
        (f"{SAID}<|im_end|>", SAID),
        (f"{SAID}<|eot_id|>", SAID),
        (f"{SAID}</s>", SAID),
        (f"<s>{SAID}</s><pad><pad>", SAID),
        (f"<bos>{SAID}<end_of_turn>", SAID),
        (f"{SAID}<｜end▁of▁sentence｜>", SAID),
        (f"{SAID}<|endoftext|>", SAID),
        (f"{SAID}[/INST]", SAID),
        (f"<|im_start|>assistant\n{SAID}<|im_end|>\n<|im_start|>user\nAnd on Monday?<|im_end|>", SAID),
        (f"<|start_header_id|>assistant<|end_header_id|>\n\n{SAID}<|eot_id|>", SAID),
        (f"{SAID}<end_of_turn>\n<start_of_turn>user\nAnd on Monday?", SAID),
        (f"{SAID}<|user|>And on Monday?", SAID),
        (f"{SAID}</s>[INST] And on Monday? [/INST]", SAID),
        (f"<|assistant|>\n{SAID}", SAID),
        (f"{SAID}<0x0A>", SAID),
        # text that looks like a tag
        ("Five < six, and 7 > 6.", "Five < six, and 7 > 6."),
        ("We open <b>at nine</b>.", "We open at nine."),
        ("Ask for <name> at the desk.", "Ask for  at the desk."),
        ("It is [closed] today.", "It is [closed] today."),
        ("Write to <", "Write to <"),
        ("Bring a pizza and a", "Bring a pizza and a"),
        # tool calls are passed on
        ('<tool_call>{"name": "hours"}</tool_call>', '<tool_call>{"name": "hours"}</tool_call>'),
        ("<function=f><parameter=d>1</parameter></function>", "<function=f><parameter=d>1</parameter></function>"),
        ('<|python_tag|>{"name": "hours"}', '<|python_tag|>{"name": "hours"}'),
        (f"<think>{WHY}<tool_call></think>{SAID}", SAID),
    ],
)  # fmt: skip
def test_what_is_said(text: str, expected: str) -> None:
    for size in (*range(1, 8), max(len(text), 1)):
        assert passed(text, size) == expected, size
    for at in range(len(text)):
        reasoning = Reasoning(hold=True)
        assert (reasoning.add(text[:at]) + reasoning.add(text[at:]) + reasoning.rest()).strip() == expected, at


def test_an_answer_is_passed_on_as_it_comes() -> None:
    """Without `hold`, and with it once a block has closed."""
    plain, tagged = Reasoning(), Reasoning(hold=True)
    assert plain.add("We open. ") == "We open. "
    assert tagged.add("<think>why</think>") == ""
    assert tagged.add("We open. ") == "We open. "
    assert (plain.rest(), tagged.rest()) == ("", "")


def test_what_an_answer_shows_of_its_model() -> None:
    """Whether the model begins inside its reasoning."""
    for text, unopened in (
        (SAID, False),
        (f"{WHY}</think>{SAID}", True),
        (f"<think>{WHY}</think>{SAID}", None),
        ("", None),
    ):
        reasoning = Reasoning(hold=True)
        reasoning.add(text)
        reasoning.rest()
        assert reasoning.unopened is unopened, text


def test_text_is_not_held_for_ever() -> None:
    """An answer longer than a spoken reply is passed on before its end."""
    reasoning = Reasoning(hold=True)
    words = "word " * MAX_HELD_CHARS
    given = "".join(reasoning.add(words[at : at + 5]) for at in range(0, len(words), 5))
    assert len(given) > MAX_HELD_CHARS
    assert given + reasoning.rest() == words


BITS = (
    "<",
    "＜",
    "◁",
    "&lt;",
    "&",
    "[",
    "]",
    ">",
    "▷",
    "|",
    "/",
    "think",
    "INST",
    "EOS",
    "tool_call",
    " ",
    "\n",
    "word",
)


@given(st.lists(st.sampled_from(BITS), max_size=12), st.integers(0, 20), st.booleans())
def test_text_without_the_beginning_of_a_mark_has_none(bits: list[str], at: int, final: bool) -> None:
    """The short way over plain text finds what the long one finds."""
    text = "\n" + "".join(bits)
    assert next_mark(text, min(at, len(text)), final=final) == _next_mark(text, min(at, len(text)), final)

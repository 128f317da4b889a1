"""What models write in the dialects of real servers and templates: what of it is spoken, and which calls it means.

Each text is played whole, in pieces of one to seven characters, and split at each place: the speech and the calls are
the same, however a server streams. And an ordinary sentence does not wait for what it cannot become."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import pytest

from telephony.contracts.llm import TextDelta, ToolCall
from telephony.openai.codec import Answer
from tests.openai.test_other_calls import reference

Call: TypeAlias = tuple[str, object]

W = "The caller wants the hours. "
S = "We open at nine."
J = '{"day": "Friday", "people": 4}'
CALL = f'{{"name": "book", "arguments": {J}}}'
BOOK: list[Call] = [("book", {"day": "Friday", "people": 4})]
HOURS: list[Call] = [("hours", {})]
MOST_CHARS_THAT_WAIT = 20


def chunk(text: str) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": {"content": text}}]}


def played(pieces: Iterable[str], unopened: bool | None) -> tuple[str, list[Call]]:
    answer = Answer(("hours", "book"), unopened=unopened)
    events = [event for piece in pieces for event in answer.add(chunk(piece))]
    events += answer.end()
    said = "".join(event.text for event in events if isinstance(event, TextDelta))
    return said.strip(), [(e.name, _arguments(e.arguments)) for e in events if isinstance(e, ToolCall)]


def _arguments(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def splits(text: str) -> Iterator[list[str]]:
    yield [text]
    for size in range(1, 8):
        yield [text[at : at + size] for at in range(0, len(text), size)]
    for at in range(1, len(text)):
        yield [text[:at], text[at:]]


REASONING = (
    (f"**Thinking:** {W}\n\n**Answer:** {S}", S),
    (f"**Thinking**: {W} **Answer**: {S}", S),
    (f"Reasoning: {W} Answer: {S}", S),
    (f"Reasoning: {W}\nFinal answer: {S}", S),
    (f"### Reasoning\n{W}\n\n### Answer\n{S}", S),
    (f"# Thinking\n{W}\n# Response\n{S}", S),
    (f"Analysis: {W}\nResponse: {S}", S),
    (f"THOUGHT: {W}\nANSWER: {S}", S),
    (f"Chain of thought: {W}\nReply: {S}", S),
    (f"Here are my reasoning steps:\n{W}\n[BEGIN FINAL RESPONSE]\n{S}\n[END FINAL RESPONSE]\n<|end|>", S),
    (f"[BEGIN FINAL RESPONSE]{S}[END FINAL RESPONSE]", S),
    (f"```thinking\n{W}\n```\n{S}", S),
    (f"```reasoning\n{W}\n```\n\n{S}", S),
    (f"~~~thinking\n{W}\n~~~\n{S}", S),
    (f"&lt;think&gt;{W}&lt;/think&gt;{S}", S),
    (f"&lt;thinking&gt;\n{W}&lt;/thinking&gt;\n{S}", S),
    (f"< think >{W}</ think >{S}", S),
    (f"<think >{W}< /think>{S}", S),
    (f"</ think>{S}", S),
    (f"<think/>{S}", S),
    (f"<think />{S}", S),
    (f"(thinking: {W}) {S}", S),
    (f"(Thinking: {W}){S}", S),
    (f"[thinking: {W}] {S}", S),
    (f"*thinking: {W}* {S}", S),
    (f"[|assistant|]{S}[|endofturn|]", S),
    (f"<thought>\n{W}\n</thought>\n\n[|assistant|]{S}[|endofturn|]", S),
    (f"{S}[EOS]", S),
    (f"{S} [EOS]\n", S),
    (f"{S} [end of text]", S),
    (f"{S}\n[END OF TEXT]\n\n", S),
    (f"{S}[DONE]", S),
    (f"{S}<|im_end", S),
    (f"{S}<|im_", S),
    (f"{S}<|", S),
    (f"{S}</s", S),
    (f"{S}<end_of_tu", S),
    (f"{S}[|endoft", S),
    (f"assistant\n{S}", S),
    (f"assistant\n\n{S}", S),
    (f"Assistant: {S}", S),
    (f"**Assistant:** {S}", S),
    (f"model\n{S}", S),
    (f"assistant\n<think>\n{W}</think>\n\n{S}", S),
    (f"<think>\n{W}</think>\n\nassistant\n{S}", S),
    (f"{S}\n\nUser: And on Monday?", S),
    (f"{S}\nUser: And on Monday?\nAssistant: At ten.", S),
    (f"{S}\n\nHuman: And on Monday?", S),
    (f"{S}\n**User:** And on Monday?", S),
    (f"{S}\n\nCaller: And on Monday?", S),
    (f"{S}\nuser\nAnd on Monday?\nassistant\nAt ten.", S),
    (f"{S}\n### User:\nAnd on Monday?", S),
    (f"{S}\n\n### Instruction:\nAnd on Monday?", S),
    (f"### Response:\n{S}", S),
    (f"{S}<|endoftext|>Question: what is", S),
    (f"{S}<|endoftext|><|im_start|>user\nhello", S),
    (f"{S}<|eot_id|>assistant\n\nMore.", S),
    (f"{S}<|im_end|>\n<|im_start|>assistant\nMore of it.", S),
    (f"{S}</s> And more.", S),
    (f"{S}<｜end▁of▁sentence｜>junk", S),
    (f"<|channel|>final {S}", S),
    (f"<|channel|>final\n{S}", S),
    (f"<|start|>assistant<|channel|>final {S}<|return|>", S),
    (f"<|channel|>analysis {W}<|end|><|start|>assistant<|channel|>final {S}", S),
    (f"<|channel|>analysis<|message|>{W}<|channel|>final<|message|>{S}", S),
    (f"<|channel|>analysis<|message|>{W}<|end|><|start|>assistant<|message|>{S}", S),
    (f"<|start|>assistant<|channel|>analysis<|message|>{W}<|end|>\n<|start|>assistant<|channel|>final"
     f"<|constrain|>json<|message|>{S}<|return|>", S),
    (f"analysis{W}assistantfinal{S}", S),
    (f"assistantanalysis{W}assistantfinal{S}", S),
    (f"final{S}", S),
    (f"<|inner_prefix|>{W}<|inner_suffix|>{S}", S),
    (f"<|inner_prefix|>{W}<|inner_suffix|>{S}<|assistant_end|>", S),
    (f"<|assistant_start|>{S}<|assistant_end|>", S),
    (f"<think_prefix>{W}<think_suffix>{S}", S),
    (f"<|think_start|>{W}<|think_end|>{S}", S),
    (f"<|thinking_begin|>{W}<|thinking_end|>{S}", S),
    (f"<|im_assistant|>assistant<|im_middle|>{S}<|im_end|>", S),
    (f"◁think▷{W}◁/think▷{S}<|im_end|>", S),
    (f"<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>{S}<|END_OF_TURN_TOKEN|>", S),
    (f"<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|><|START_THINKING|>{W}<|END_THINKING|>"
     f"<|START_RESPONSE|>{S}<|END_RESPONSE|><|END_OF_TURN_TOKEN|>", S),
    (f"<|START_RESPONSE|>{S}<|END_RESPONSE|>", S),
    (f"<|start_of_role|>assistant<|end_of_role|>{S}<|end_of_text|>", S),
    (f"<think>{W}</think><response>{S}</response>", S),
    (f"<|turn>model\n<|channel>thought\n{W}<channel|>{S}<turn|>", S),
    (f"<start_of_turn>model\n{S}<end_of_turn>", S),
    (f"[THINK]{W}[/THINK]{S}</s>", S),
    (f"[think]{W}[/think]{S}", S),
    (f"<seed:think>{W}<seed:cot_budget_reflect>budget</seed:cot_budget_reflect></seed:think>{S}<seed:eos>", S),
    (f"<think>{W}<answer>{S}</answer>", S),
    (f"<think>{W}<|im_end|>\n<|im_start|>assistant\n{S}", S),
    (f"<|assistant|><think></think>\n{S}", S),
    (f"<|begin_of_box|>{S}<|end_of_box|>", S),
    (f"[gMASK]<sop><|assistant|>\n{S}<|user|>", S),
    (f"<|assistant|>{S}<|end|>", S),
    (f"<|end_of_thinking|>{S}", S),
    (f"{W}<|end_of_thinking|>{S}", S),
    (f"{W}&lt;/think&gt;{S}", S),
    (f"{W}</think>\n\n**Answer:** {S}", S),
    (f"<think>{W}</think>\nFinal Answer: {S}", S),
    (f"<think>{W}", ""),
    (f"```thinking\n{W}", ""),
    (f"<|channel|>analysis {W}", ""),
    (f"analysis{W}", ""),
    (f"Thought: {W}\n\n{S}", S),
    (f"<|thought|>{W}<|/thought|>{S}", S),
    (f"<Thought_Process>{W}</Thought_Process>{S}", S),
    (f"<|reasoning_start|>{W}<|reasoning_end|>{S}", S),
    (f"<｜begin▁of▁thinking｜>{W}<｜end▁of▁thinking｜>{S}", S),
    (f"<|im_start|>assistant\n<think>\n{W}\n</think>\n\n{S}<|im_end|>", S),
    (f"<|begin_of_text|><|start_header_id|>assistant<|end_header_id|>\n\n{S}<|eot_id|>"
     f"<|start_header_id|>user<|end_header_id|>\n\nHi", S),
    (f" [THINK] {W} [/THINK] {S}", S),
    (f"<reasoning>\n{W}</reasoning>\n<answer>\n{S}\n</answer>\n", S),
    (f"<|reasoning|>{W}<|/reasoning|>{S}", S),
    (f"<|start_thinking|>{W}<|end_thinking|>{S}", S),
    (f"<Think>\n{W}</Think>{S}", S),
    (f"＜think＞{W}＜/think＞{S}", S),
    (f"**Thought:** {W}\n**Final Answer:** {S}", S),
    (f"_Thinking:_ {W}\n\n_Answer:_ {S}", S),
    (f"Thinking Process:\n\n1. {W}\n2. Look it up.\n\nFinal Response:\n{S}", S),
    (f"**Reasoning**\n{W}\n\n**Answer**\n{S}", S),
    (f"[Reasoning: {W}]\n{S}", S),
    (f"{{thinking: {W}}} {S}", S),
    (f"```thought\n{W}\n```\n\n```answer\n{S}\n```", S),
    (f"```analysis\n{W}\n```{S}", S),
    (f"<analysis>{W}</analysis><reply>{S}</reply>", S),
    (f"{S}<|end_of_turn|>User: hi", S),
    (f"{S}\n<|user|>\nhi", S),
    (f"{S}\n</assistant>\n<user>hi</user>", S),
    (f"{S}<eos><eos><pad>", S),
    (f"{S}<|eom_id|>", S),
    (f"{S} </s><s>[INST] hi [/INST] ho", S),
    (f"{S}\n\nUSER: hi\nASSISTANT: ho", S),
    (f"{S}\n\nHuman: hi\n\nAssistant: ho", S),
    (f"{S}\n\n### Human: hi", S),
    (f"### Assistant:\n{S}", S),
    (f"ASSISTANT: {S}", S),
    (f"AI: {S}", S),
    (f"<think>\n\n</think>\n\n{S}", S),
    (f"<think>\n{W}\n</think>\n\n<think>\n{W}</think>{S}", S),
    (f"<|channel|>commentary<|message|>{S}<|end|>", S),
    (f"<|start|>assistant<|channel|>final<|message|>{S}", S),
    (f"<|message|>{S}<|end|>", S),
    (f"commentary{S}", S),
    (f"{S}<|return|><|start|>user<|message|>hi", S),
    (f"{S}<|im_start|>", S),
    (f"{S}\n<|im_start|>assistant", S),
    (f"{S}<", f"{S}<"),
    (f"{S}&lt;|im_end|&gt;", S),
    (f"{S}&lt;/s&gt;", S),
    (f"<|thinking|>{W}</|thinking|>{S}", S),
    (f"<internal>{W}</internal>{S}", S),
    (f"<thinking>{W}</thinking >{S}", S),
    (f"<thinking\n>{W}</thinking>{S}", S),
    (f"<|think|>{W}<|/think|>{S}", S),
    (f"<final>{S}</final>", S),
    (f"<speak>{S}</speak>", S),
    (f"Thought: {W}\nThought: more\nAnswer: {S}", S),
    (f"(internal thought: {W}) {S}", S),
    (f"*Thinking: {W}*\n\n{S}", S),
    (f"{S} (thinking: {W})", S),
    (f"[INTERNAL]{W}[/INTERNAL]{S}", S),
    (f"<!-- thinking: {W} -->{S}", S),
    (f"{S}<|header_start|>user<|header_end|>hi", S),
    (f"&lt;|im_start|&gt;assistant\n{S}", S),
    (f"<think>{W}</think>{S}</think>", S),
)  # fmt: skip

CALLS: tuple[tuple[str, str, list[Call] | None], ...] = (
    (f"Action: book\nAction Input: {J}", "", BOOK),
    (f"Thought: I must book.\nAction: book\nAction Input: {J}\nObservation: booked", "", BOOK),
    (f"**Action:** book\n**Action Input:** {J}", "", BOOK),
    ("Action: hours\nAction Input: {}", "", HOURS),
    (f"Action: `book`\nAction Input: ```json\n{J}\n```", "", BOOK),
    (f'{{"function_call": {CALL}}}', "", BOOK),
    (f'{{"tool_call": {CALL}}}', "", BOOK),
    (f'{{"tool_calls": [{{"function": {CALL}}}]}}', "", BOOK),
    ('{"name": "book", "arguments": {"day": "Friday", "people": 4,},}', "", BOOK),
    ("{'name': 'book', 'arguments': {'day': 'Friday', 'people': 4}}", "", BOOK),
    (f"book({J})", "", BOOK),
    ("book(day='Friday', people=4)", "", BOOK),
    ("book(people=4)", "", [('book', {'people': 4})]),
    ("book(people=4).", "", [('book', {'people': 4})]),
    ("`book(people=4)`", "", [('book', {'people': 4})]),
    (f"One moment. book({J})", "One moment.", BOOK),
    ("book(day: 'Friday')", "", None),
    ('book("Friday", 4)', "", None),
    (f'{{"book": {J}}}', "", BOOK),
    ('{"hours": {}}', "", HOURS),
    (f"to=functions.book json {J}", "", BOOK),
    (f"to=functions.book {J}", "", BOOK),
    (f"commentary to=functions.book json{J}", "", BOOK),
    (f"assistantcommentary to=functions.book json{J}", "", BOOK),
    (f"analysisHm.assistantcommentary to=functions.book json{J}", "", BOOK),
    (f"<|channel|>commentary to=functions.book json<|message|>{J}<|call|>", "", BOOK),
    (f"<|start|>assistant to=functions.book<|channel|>commentary json<|message|>{J}<|call|>", "", BOOK),
    (f"<TOOL_CALL>{CALL}</TOOL_CALL>", "", BOOK),
    (f"[FUNCTION_CALLS]{CALL}[/FUNCTION_CALLS]", "", BOOK),
    (f"[FUNCTION_CALLS] [{CALL}]", "", BOOK),
    (f"<|function_call|>{CALL}", "", BOOK),
    (f"[tool_calls] [{CALL}]", "", BOOK),
    (f"[TOOL CALLS] [{CALL}]", "", BOOK),
    (f"[Tool_Call]{CALL}", "", BOOK),
    (f"[TOOL_CALL]{CALL}[/TOOL_CALL]", "", BOOK),
    (f"&lt;tool_call&gt;{CALL}&lt;/tool_call&gt;", "", BOOK),
    (f"< tool_call >{CALL}</ tool_call >", "", BOOK),
    (f'<|tools_prefix|>[{{"book": {J}}}]<|tools_suffix|>', "", BOOK),
    (f'<|START_ACTION|>[{{"tool_call_id": "0", "tool_name": "book", "parameters": {J}}}]<|END_ACTION|>', "", BOOK),
    (f"<|tool_call|>[{CALL}]", "", BOOK),
    ('<|tool_call_start|>[book(day="Friday", people=4)]<|tool_call_end|>', "", BOOK),
    ('<|python_start|>[book(day="Friday", people=4)]<|python_end|>', "", BOOK),
    ('[book(day="Friday", people=4)]<|eot_id|>', "", BOOK),
    (f'<|python_tag|>{{"type": "function", "name": "book", "parameters": {J}}}<|eom_id|>', "", BOOK),
    (f"[TOOL_CALLS]book[CALL_ID]abc123def[ARGS]{J}", "", BOOK),
    (f"<tool_call>\n{CALL}\n</tool_call><|im_end|>", "", BOOK),
    (f"<TOOLCALL>[{CALL}]</TOOLCALL>", "", BOOK),
    (f"<toolcall>{CALL}</toolcall>", "", BOOK),
    (f'<tool_call>{{"name": "functions.book", "arguments": {J}}}</tool_call>', "", BOOK),
    (f"<tool_call>hours\n</tool_call><tool_response>nine</tool_response>{S}", "", HOURS),
    (f"<tool_call>{CALL}</tool_call>\n<tool_response>ok</tool_response>\nBooked.", "", BOOK),
    ('{"name": "book", "arguments": {"day": "Fri', "", None),
    ('{"tool_call": {"name": "book"', "", None),
    ('<function_calls>\n<invoke name="book">\n<parameter name="day">Friday</parameter>\n'
     '<parameter name="people">4</parameter>\n</invoke>\n</function_calls>', "", BOOK),
    (f"```json\n{CALL}\n```", "", BOOK),
    (f'```tool_call\n{{"book": {J}}}\n```', "", BOOK),
    ('```python\nbook(day="Friday", people=4)\n```', "", BOOK),
    (f'<|action_start|><|plugin|>{{"name": "book", "parameters": {J}}}<|action_end|>', "", BOOK),
    ("<start_function_call>call:book{day:<escape>Friday<escape>,people:4}<end_function_call>", "", None),
    ('<|tool_call>call:book{day:<|"|>Friday<|"|>,people:4}<tool_call|>', "", None),
    (f"✿FUNCTION✿: book\n✿ARGS✿: {J}\n✿RESULT✿", "", BOOK),
    ('<execute_tool>book(day="Friday", people=4)</execute_tool>', "", BOOK),
    (f"<function=book>{J}</function><|eot_id|>", "", BOOK),
    (f"<function=book{J}</function>", "", None),
    (f'<tool_call>{{"name":"book","arguments":{J}}}</tool_call><|im_end|>\n<|im_start|>user\n'
     f'<tool_response>', "", BOOK),
    (f"<tool_use>\n<name>book</name>\n<arguments>{J}</arguments>\n</tool_use>", "", None),
    (f'<function_calls>[{{"name":"book","arguments":{J}}}]</function_calls>', "", BOOK),
    (f'<|tool_calls|>[{{"name":"book","arguments":{J}}}]<|/tool_calls|>', "", BOOK),
    ("<|assistant|>\n<tool_call>book\n<arg_key>day</arg_key>\n<arg_value>Friday</arg_value>\n"
     "<arg_key>people</arg_key>\n<arg_value>4</arg_value>\n</tool_call><|observation|>nine", "", BOOK),
    (f'<think>{W}</think>\n\n<tool_call>\n{{"name":"book","arguments":{J}}}\n</tool_call>', "", BOOK),
    (f'{{"tool": "book", "parameters": {J}}}', "", BOOK),
    (f'{{"type":"function","function":"book","parameters":{J}}}', "", BOOK),
    (f'{{"action": "book", "action_input": {J}}}', "", BOOK),
    (f'{{"recipient_name": "functions.book", "parameters": {J}}}', "", BOOK),
    (f'{{"tool_uses": [{{"recipient_name": "functions.book", "parameters": {J}}}]}}', "", BOOK),
    (f'<function name="book" parameters=\'{J}\'></function>', "", None),
    (f"<function(book)>{J}</function>", "", None),
    (f"(function=book>{J}</function>", "", None),
    (f"book\n{J}", "", None),
    (f"book {J}", "", BOOK),
    (f"functions.book({J})", "", BOOK),
    (f"functions.book:0{J}", "", BOOK),
    ('default_api.book(day="Friday", people=4)', "", BOOK),
    ('print(default_api.book(day="Friday", people=4))', "", BOOK),
    ('```tool_code\nprint(book(day="Friday", people=4))\n```', "", BOOK),
    ('[book(day="Friday", people=4), hours()]', "", BOOK + HOURS),
    ("[unknown_tool(x=1)]", "", None),
    ('<|python_tag|>book.call(day="Friday")', "", None),
    ("<|python_tag|>hours()<|eom_id|>", "", HOURS),
    (f'{{"name": "book", "parameters": {J}}};', "", BOOK),
    (f'{{"name": "hours", "parameters": {{}}}}; {{"name": "book", "parameters": {J}}}', "", HOURS + BOOK),
    ('{"name": "hours", "arguments": null}', "", None),
    (f"Tool: book\nArguments: {J}", "", BOOK),
    (f"Function: book\nParameters: {J}", "", BOOK),
    (f"Thought: Do I need a tool? Yes\nAction: book\nAction Input: {J}\n", "", BOOK),
    (f"action: book\naction_input: {J}", "", BOOK),
    (f"[TOOL_CALLS]book{J}", "", BOOK),
    (f"[TOOL_CALLS]hours[ARGS]{{}}[TOOL_CALLS]book[ARGS]{J}", "", HOURS + BOOK),
    (f"[TOOL_CALLS] book {J}</s>", "", BOOK),
    (f'[ToolCalls]{{"name":"book","arguments":{J}}}', "", BOOK),
    (f'<tool_calls><tool_call name="book">{J}</tool_call></tool_calls>', "", BOOK),
    (f"<tool>book</tool><args>{J}</args>", "", None),
    (f"<call>book({J})</call>", "", BOOK),
    (f"<|tool|>book<|tool_sep|>{J}", "", None),
    ('{"name": "book", "arguments": "{\\"day\\": \\"Friday\\", \\"people\\": 4}"}', "", BOOK),
    ('One moment.\n```json\n{"name": "hours", "arguments": {}}\n```', "One moment.", HOURS),
    ('{"function_call": {"name": "book", "argu', "", None),
    ('{"name": "book", arguments: {day: "Friday"}}', "", None),
    ('book(day="Friday", peop', "", None),
    ("Action: book\nAction Input: day=Friday", "", None),
    ("Action: book\nAction Input:", "", None),
    ("to=functions.book", "", None),
    ("<tool_call", "", None),
    ('<function=book>{"day', "", None),
    ("[TOOL_CA", "", None),
    (f"✿FUNCTION✿: book\n✿ARGS✿: {J}", "", BOOK),
    ('<xai:function_call name="book"><parameter name="day">Friday</parameter>'
     '<parameter name="people">4</parameter></xai:function_call>', "", BOOK),
    ("<start_function_call>call:book{day:<escape>Friday<escape>,people:4}<end_function_call>"
     "<start_function_response>", "", None),
)  # fmt: skip

TEXT = (
    "Great <!", "<- left", "Dial *9 or #7.", "*9: menu",
    "I'm thinking: maybe at nine.",
    "Answer: yes",
    "Final answer: no.",
    "I <3 you.",
    "If a < b then c > d.",
    "Press the button. User: press one.",
    "[EOS] stands for end of sequence.",
    "It is [closed] today.",
    "Think: is that right?",
    "The thought: a good one.",
    "AT&T and R&D.",
    "Five &lt; six.",
    f"{S}\n\nAnd close at six.",
    "Users: press one.",
    "Your order (thinking of Friday) is fine.",
    "A user\nfriendly way.",
    "The action: book early.",
    "Action: press one to continue.",
    "Book (if you can) early.",
    "Set {a, b}.",
    "Our hours are: nine to six.",
    "Humans: call us.",
    "Finally we open.",
    "final answer",
    "Assistants are here.",
    "Assistant managers are here.",
    "My reasoning: it rains.",
    "*Note: we close early.*",
    "(Note: we close early.)",
    "The model\nis new.",
    "Model: X5, built 2020.",
    "System: online.",
    "We serve pizza.\nPizza: five euros.\nPasta: six.",
    "[1] First. [2] Second.",
    "[Name] is missing.",
    "Use code [END] at checkout.",
    "The [EOS] token ends it.",
    "to=functions is odd",
    "Go to the hall.",
    "Analysis of water costs ten euros.",
    "Ask the assistant\nat the desk.",
    "1 < 2 < 3",
    "x<y",
    "Half price: 5 < 10.",
    "a&b",
    "Say `yes`.",
    "10 > 5",
    "The reasoning behind it is simple.",
    "Observation: it rains.",
    "Response time: two hours.",
    "Tool: hammer.",
    "Function calls are nice.",
    "Plan: two nights.",
    "She said [laughs] hello.",
    "Caller ID: unknown.",
    "Thoughts? Call us.",
    "Press 1 < or 2 >.",
    "Dr. Smith (thinking ahead) is in.",
    "*We are closed.* Sorry.",
    "Note [1]: see above.",
    "Result: two to one.",
    "Output: five litres.",
    "Step 1: call us.\nStep 2: wait.",
    "Name: Ada\nCall back: yes",
    "I thought: why not?",
    "Mr. User: welcome.",
    "Say: user\nname.",
    "The thinking: it is cheap.",
    "It costs 5 (reasoning aside) euros.",
    "Email a@b.c & co.",
    "Function: wedding, hall two.",
    "Tools: hammer, saw.",
    "Action is needed.",
    "Actions: none.",
    "Book: Moby Dick.",
    "Hours: nine to six.",
    "hours (Monday) are long",
    "Our book(s) are cheap.",
    "A <3 B",
    "Model: X5 is new.\nYear: 2020.",
    "Human resources: press two.",
    "One.\nTwo.\n\nThree.",
    "Reply: yes",
    'We said: "Thinking: fast and slow" is good.',
    "The final answer is ten.",
    "Finale: at nine.",
    "Commentary by Bob.",
    "final",
    "Assistantships are open.",
    "Say [hello] or [goodbye].",
    "[STOP] and [GO] are signs.",
    "Press [end of text] now.",
    "[Closed on Monday]",
    "See [Tools] there.",
    "Use (a) or (b).",
    "I * you * me",
    "5 * 3 is fifteen",
    "~ten minutes",
    "`code` red",
    "# one",
    "#1 in town",
    "> quoted",
    "R&D;",
    "x &lt y",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said", "unopened"),
    [(*row, unopened) for row in REASONING for unopened in (None, False) if unopened is None or row[0][: len(W)] != W],
)
def test_reasoning_and_special_tokens_are_not_spoken(text: str, said: str, unopened: bool | None) -> None:
    """Where the model is known not to begin inside its reasoning, words before an unopened end have been spoken."""
    for pieces in splits(text):
        assert played(pieces, unopened) == (said, []), pieces


@pytest.mark.parametrize(("text", "said", "calls"), CALLS)
def test_written_calls_are_not_spoken(text: str, said: str, calls: list[Call] | None) -> None:
    """`None`: a call that cannot be read in full; whatever comes of it, it is the same however it is split."""
    _, whole = played([text], False)
    for pieces in splits(text):
        assert played(pieces, False) == (said, whole if calls is None else calls), pieces


@pytest.mark.parametrize("text", TEXT)
def test_ordinary_text_is_spoken_as_it_is(text: str) -> None:
    for pieces in splits(text):
        assert played(pieces, None) == played(pieces, False) == (text, []), pieces


@pytest.mark.parametrize("text", TEXT)
def test_ordinary_text_does_not_wait(text: str) -> None:
    """Each letter is passed on as soon as it can be no part of a mark: a caller waits for it."""
    answer, passed = Answer(("hours", "book"), unopened=False), 0
    for at, letter in enumerate(text, 1):
        passed += sum(len(event.text) for event in answer.add(chunk(letter)) if isinstance(event, TextDelta))
        assert at - passed <= MOST_CHARS_THAT_WAIT, text[:at]


HOSTILE = (
    *(
        "<b>",
        "[",
        "{",
        "(",
        "*",
        "`",
        "'",
        '"',
        "\n",
        " ",
        "a",
        "<",
        "< ",
        "<x",
        "<a b=c ",
        "&lt;",
        "hours(",
        "hours ",
        "book({",
    ),
    *(
        "</think>",
        "<think>",
        "(thinking: ",
        "\nUser",
        "\n**",
        "<|im_start|>",
        "assistantfinal",
        "analysis",
        "```\n",
        "[EOS] ",
    ),
    *(
        "Action: a\n",
        "<tool_call>",
        '{"name": ',
        "{'a': ",
        "<|channel|>final ",
        "[TOOL ",
        "to=functions.",
        "<function=a>",
    ),
)


def longest_block(piece: str) -> float:
    """The CPU seconds of the longest block of work on a text of this piece."""
    answer, text, longest = Answer(("hours", "book"), unopened=False), piece * 2_000, 0.0
    for at in range(0, min(len(text), 10_000), 200):
        began = time.process_time()
        list(answer.add(chunk(text[at : at + 200])))
        longest = max(longest, time.process_time() - began)
    began = time.process_time()
    list(answer.end())
    return max(longest, time.process_time() - began)


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_text_stalls_other_calls(piece: str) -> None:
    """The work on a block of text is of the order of its length, whatever it repeats. The least of several runs: the
    garbage of other tests may be collected in one."""
    assert any(longest_block(piece) < 100 * reference() for _ in range(3))

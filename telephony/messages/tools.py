"""The tools that an agent lists to write text messages.

    Agent(..., tools=(send_sms(links=("example.com",)), prove_number()))

The model writes the text, and nothing else: it cannot name a number to write to. Messages go to the number of the
person on the line, or to the one that they have proven with a code. Whatever the model was talked into, the text passes
the rules of `text.py`, and the number, caps and opt-outs those of `messages.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

import structlog
from pydantic import Field

from telephony.core.language.codes import primary
from telephony.errors import MessageRefused
from telephony.messages.messages import Messages, TextRules
from telephony.messages.store import Caps
from telephony.threads import in_thread
from telephony.tool_context import ToolContext, ToolFailed
from telephony.tools import Tool, tool

log = structlog.get_logger()

STYLE = (
    "Offer to send what is long or has to be kept (addresses, lists, codes, links) as a text message with send_sms, "
    "and say only the gist of it."
)
"""What `send_sms` adds to an agent's default style. The same in every call, for the prompt cache."""
SEND = (
    "Send the person on the line a text message, after they have said that they want it. It goes to the number that "
    "they call from, or to the one that they have proven in this call; no other can be chosen."
)
PROVE = (
    "Prove that a phone number belongs to the person on the line: without `code`, a message with six digits is sent to "
    "the number; then ask for the digits and call this again with them as `code`."
)
CODE_TEXTS = {
    "de": "{code} ist Ihr Code für unser Telefonat. Wenn Sie gerade nicht mit uns sprechen, sagen Sie ihn niemandem.",
    "en": "{code} is your code for our phone call. If you are not on the phone with us now, tell it to nobody.",
    "es": "{code} es su clave para nuestra llamada. Si ahora no habla con nosotros, no la diga a nadie.",
    "fr": "{code} est votre code pour notre appel. Si vous ne nous parlez pas en ce moment, ne le dites à personne.",
    "it": "{code} è il suo codice per la nostra telefonata. Se ora non parla con noi, non lo dica a nessuno.",
    "nl": "{code} is uw code voor ons telefoongesprek. Spreekt u nu niet met ons, geef hem dan aan niemand.",
    "pt": "{code} é o seu código para a chamada connosco. Se não fala connosco agora, não o diga a ninguém.",
}
"""What is written with a code, by language; any other is written to in English."""

Text = Annotated[str, Field(description="the message, complete and in plain text: the person reads it later")]
OnFile = Callable[[ToolContext], str | Awaitable[str]]
"""The number that the operator has of the person of a call, in E.164; "" if there is none."""


def send_sms(
    *,
    links: tuple[str, ...] = (),
    when: Literal["now", "heard"] = "now",
    per_call: int = 3,
    per_day: int = 10,
    most_segments: int = 3,
) -> Tool:
    """The tool with which the model sends a text message. `links`: the hosts that links in it may lead to. `when` it is
    sent: at once, or when the caller has heard what the agent says with it (and not if they interrupt). `per_call` and
    `per_day`: how many are sent at most in a call, and to a number in 24 hours. `most_segments`: how long one is, in
    parts of about 150 characters. Raises ValueError for a link that is no host."""
    if wrong := [one for one in links if not one or "/" in one or ":" in one or one != one.lower()]:
        raise ValueError(f"links are hosts in lower case such as shop.example.com, not {wrong[0]!r}")
    rules = TextRules(links, most_segments, Caps(per_call, per_day))

    async def send(text: Text, context: ToolContext, to: Literal["caller", "proven"] = "caller") -> str:
        messages = context.service(Messages)
        sending = partial(messages.send, text, key=context.idempotency_key, rules=rules, proven=to == "proven")
        try:
            if when == "now":
                return (await sending()).words
            messages.check(text, rules, proven=to == "proven")
        except MessageRefused as error:
            raise ToolFailed(str(error)) from None
        context.when_heard(partial(_send_later, context, sending))
        return "The text message is sent when the caller has heard what you say now. Say that it is being sent."

    return replace(tool(name="send_sms", description=SEND)(send), style=STYLE)


async def _send_later(context: ToolContext, sending: Callable[[], Awaitable[Any]]) -> None:
    """Sends what was deferred; the agent learns of it only if it is not sent."""
    try:
        sent = await sending()
    except MessageRefused as error:
        context.notify(str(error))
    else:
        if sent.failed:
            context.notify(sent.words)


async def text_caller(context: ToolContext, text: str, *, links: tuple[str, ...] = ()) -> str:
    """For tools of one's own: sends a text to the person on the line, and returns in words for the model what came of
    it, whatever that is. Of one tool call only the first text is sent."""
    try:
        sent = await context.service(Messages).send(text, key=context.idempotency_key, rules=TextRules(links))
    except (MessageRefused, ToolFailed) as error:
        return str(error)
    return sent.words


def prove_number(*, on_file: OnFile | None = None, language: str = "en", text: str = "") -> Tool:
    """The tool with which the person proves a number: six digits are sent to it, and they say them.

    With `on_file`, that is the number which the operator has of them, and nobody can name another; what is proven then
    is who they are (`verified`). Without, the caller may name any number that can be written to. `text` is what is
    written instead of the usual sentence in the `language`, with `{code}` in it. Raises ValueError without it."""
    text = text or CODE_TEXTS.get(primary(language), CODE_TEXTS["en"])
    if "{code}" not in text:
        raise ValueError("the text needs {code} in it, for the code")

    async def prove(context: ToolContext, code: str, number: str, filed: bool) -> str:
        messages = context.service(Messages)
        if code:
            return messages.try_code(code)
        try:
            return await messages.send_code(number, text, key=context.idempotency_key, on_file=filed)
        except MessageRefused as error:
            raise ToolFailed(str(error)) from None

    async def prove_any(context: ToolContext, number: str = "", code: str = "") -> str:
        return await prove(context, code, number, False)

    async def prove_filed(context: ToolContext, code: str = "") -> str:
        number = "" if code or on_file is None else await _asked(on_file, context)
        if not code and not number:
            raise ToolFailed("There is no number on file to which a code could be sent: nothing can be proven.")
        return await prove(context, code, number, True)

    if on_file is not None:
        return tool(name="prove_number", description=PROVE + " It is the number on file.")(prove_filed)
    return tool(name="prove_number", description=PROVE + " Without `number` it is the one they call from.")(prove_any)


async def _asked(on_file: OnFile, context: ToolContext) -> str:
    found = await in_thread("number on file", on_file, context)
    return str(await found if inspect.isawaitable(found) else found or "")

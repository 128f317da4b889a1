"""Settings -> the client of the language model, for the service and for the commands that talk to a model alone."""

from __future__ import annotations

from telephony.app.installation import installation_key
from telephony.clock import Clock
from telephony.openai.client import OpenAiChat
from telephony.settings import Settings


def language_model(settings: Settings, clock: Clock) -> OpenAiChat:
    """The client; it connects to nothing until it is asked. Close it in the loop that used it."""
    return OpenAiChat(
        api_key=settings.openai_api_key or "local",
        base_url=settings.openai_base_url or "https://api.openai.com/v1",
        model=settings.openai_model,
        effort=settings.openai_effort,
        token_field=settings.openai_token_field,
        clock=clock,
        identity_key=b"" if settings.local_llm else installation_key(settings.data),
    )

"""What the Agents platform asks of a service over HTTP: personalization while it rings, and webhooks after a call.

agents.after_call = functools.partial(post_call, url=f"{base}/elevenlabs/post-call", secret="wsec_...")
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx2

from telephony.elevenlabs.post_call import sign

if TYPE_CHECKING:
    from telephony.testing.fakes.elevenlabs.agents_state import Conversation


async def personalization(url: str, key: str, agent_id: str, *, caller: str, called: str) -> httpx2.Response:
    """Asks who is calling, as for an inbound call that the platform has itself."""
    call = {"caller_id": caller, "agent_id": agent_id, "called_number": called, "call_sid": "CA" + uuid4().hex}
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as client:
        return await client.post(url, json=call, headers={"Authorization": f"Bearer {key}"})


async def deliver(
    url: str, secret: str, event: dict[str, Any], *, at_s: int | None = None, header: str = "ElevenLabs-Signature"
) -> httpx2.Response:
    """Sends a signed event. `at_s`: when it was signed, in seconds since 1970 (now)."""
    body = json.dumps(event).encode()
    signature = sign(secret, body, int(time.time()) if at_s is None else at_s)
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as client:
        return await client.post(url, content=body, headers={header: signature, "Content-Type": "application/json"})


async def post_call(conversation: Conversation, *, url: str, secret: str) -> None:
    """The transcription of a conversation that is over, as far as the stand-in knows it."""
    await deliver(url, secret, transcription(conversation))


def transcription(conversation: Conversation) -> dict[str, Any]:
    """The `post_call_transcription` event of a conversation."""
    roles = {"assistant": "agent", "user": "user"}
    turns = [
        {"role": roles[m["role"]], "message": m["content"], "time_in_call_secs": 0}
        for m in conversation.messages if m["role"] in roles
    ]  # fmt: skip
    data = {
        "agent_id": conversation.agent_id,
        "conversation_id": conversation.id,
        "status": "done",
        "user_id": None,
        "transcript": turns,
        "metadata": {"start_time_unix_secs": int(time.time()), "call_duration_secs": 0, "cost": 0},
        "analysis": {"call_successful": "success", "transcript_summary": ""},
        "has_audio": False,
        "has_user_audio": False,
        "has_response_audio": False,
    }
    return {"type": "post_call_transcription", "event_timestamp": int(time.time()), "data": data}

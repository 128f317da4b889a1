"""The Agents platform's HTTP requests to a service: personalization at the start of a call, webhooks after it.

agents.after_call = functools.partial(post_call, url=f"{base}/elevenlabs/post-call", secret="wsec_...")
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx2

from telephony.elevenlabs.post_call import sign
from telephony.network.tls import tls

if TYPE_CHECKING:
    from telephony.testing.fakes.elevenlabs.agents_state import Conversation


async def personalization(url: str, key: str, agent_id: str, *, caller: str, called: str) -> httpx2.Response:
    """Sends the personalization request for an inbound call that the platform itself received; returns the answer."""
    call = {"caller_id": caller, "agent_id": agent_id, "called_number": called, "call_sid": "CA" + uuid4().hex}
    async with httpx2.AsyncClient(trust_env=False, timeout=10, verify=tls(trust_env=False)) as client:
        return await client.post(url, json=call, headers={"Authorization": f"Bearer {key}"})


async def deliver(
    url: str, secret: str, event: dict[str, Any], *, at_s: int | None = None, header: str = "ElevenLabs-Signature"
) -> httpx2.Response:
    """Posts `event` as a signed webhook. `at_s` is the time of the signature in seconds since 1970 (None: now)."""
    body = json.dumps(event).encode()
    signature = sign(secret, body, int(time.time()) if at_s is None else at_s)
    async with httpx2.AsyncClient(trust_env=False, timeout=10, verify=tls(trust_env=False)) as client:
        return await client.post(url, content=body, headers={header: signature, "Content-Type": "application/json"})


async def post_call(conversation: Conversation, *, url: str, secret: str) -> None:
    """Posts the `post_call_transcription` webhook of a finished conversation."""
    await deliver(url, secret, transcription(conversation))


def transcription(conversation: Conversation) -> dict[str, Any]:
    """The `post_call_transcription` event of a conversation. Durations and costs are 0: they are not measured here."""
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
        "has_auxiliary_audio": False,
    }
    return {"type": "post_call_transcription", "event_timestamp": int(time.time()), "data": data}

"""Requests about the account: what is read, and what each refusal means."""

from __future__ import annotations

import pytest

from telephony.clock import Clock
from telephony.elevenlabs import rest
from telephony.elevenlabs.rest import AccountVoice, RestRefused, Subscription
from telephony.errors import ProviderUnavailable
from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.steady import SteadyClock


@pytest.fixture
def clock() -> Clock:
    return SteadyClock(20)


async def test_voices_and_plan_of_an_account(clock: Clock) -> None:
    """Voices come in the service's order: the first one is what a service without a setting takes."""
    async with LocalElevenLabs(clock=clock) as elevenlabs:
        elevenlabs.account.voices = {"b": "Bella", "a": "Anna"}
        assert await rest.voices(elevenlabs.base_url, "local", clock) == (
            AccountVoice("b", "Bella"), AccountVoice("a", "Anna"),
        )  # fmt: skip
        assert await rest.voice(elevenlabs.base_url, "local", clock, "a") == AccountVoice("a", "Anna")
        assert await rest.subscription(elevenlabs.base_url, "local", clock) == Subscription("creator", 1_000, 100_000)


@pytest.mark.parametrize(
    ("key", "refused", "status", "slug", "key_wrong"),
    [
        ("wrong", {}, 401, "invalid_api_key", True),
        ("local", {"": (401, "missing_permissions", "voices_read")}, 401, "missing_permissions", False),
        ("local", {"": (401, "", "")}, 401, "", True),
        ("local", {"": (402, "paid_plan_required", "upgrade")}, 402, "paid_plan_required", False),
        ("local", {"": (400, "invalid_api_key", "not the shape of a key")}, 400, "invalid_api_key", True),
    ],
)
async def test_a_refusal_says_whether_the_key_is_wrong(
    clock: Clock, key: str, refused: dict[str, tuple[int, str, str]], status: int, slug: str, key_wrong: bool
) -> None:
    """A key that may not list voices is a good key all the same."""
    async with LocalElevenLabs(clock=clock) as elevenlabs:
        elevenlabs.account.refused = refused
        with pytest.raises(RestRefused) as raised:
            await rest.voices(elevenlabs.base_url, key, clock)
    assert (raised.value.status, raised.value.slug, raised.value.key_wrong) == (status, slug, key_wrong)


async def test_an_unknown_voice_is_a_404(clock: Clock) -> None:
    async with LocalElevenLabs(clock=clock) as elevenlabs:
        with pytest.raises(RestRefused, match="voice_not_found") as raised:
            await rest.voice(elevenlabs.base_url, "local", clock, "21m00Tcm4TlvDq8ikWAM")
    assert raised.value.status == 404


async def test_redirects_are_refused(clock: Clock) -> None:
    """Following one would carry the key to another host."""
    async with LocalElevenLabs(clock=clock) as elevenlabs, LocalElevenLabs(clock=clock) as other:
        elevenlabs.account.redirect = f"{other.base_url}/v1/voices"
        with pytest.raises(RestRefused) as raised:
            await rest.voices(elevenlabs.base_url, "local", clock)
    assert raised.value.status == 302


async def test_an_unreachable_service_is_no_refusal(clock: Clock) -> None:
    async with LocalElevenLabs(clock=clock) as elevenlabs:
        await elevenlabs.stop()
        with pytest.raises(ProviderUnavailable):
            await rest.voices(elevenlabs.base_url, "local", clock)

"""Conferences in Twilio's REST API: who is in a room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from telephony.twilio.rest.client import RestClient, checked, read_object


class Conferences:
    """The conferences of one account."""

    def __init__(self, client: RestClient) -> None:
        self._client, self._url = client, f"{client.account_url}/Conferences"

    async def participants(self, room: str) -> frozenset[str]:
        """The CallSids of those who are in the room of that name now; none if there is no such room. Raises
        `CarrierError` as `TwilioRest.hang_up` does."""
        query = {"FriendlyName": room, "Status": "in-progress"}
        found: set[str] = set()
        for one in _listed(read_object(await self._client.read(f"{self._url}.json", query)), "conferences"):
            url = f"{self._url}/{checked(str(one.get('sid') or ''))}/Participants.json"
            listed = _listed(read_object(await self._client.read(url)), "participants")
            found |= {str(member.get("call_sid") or "") for member in listed}
        return frozenset(found - {""})


def _listed(answer: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    listed = answer.get(name)
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, Sequence) else []

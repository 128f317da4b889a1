"""The parts of the carrier's REST API with which the service places, reads and lists calls, and changes a number.

Errors are Twilio's (see `rest.py`), and those of `PlacingFaults`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs, parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from telephony.testing.fakes.twilio.outgoing import Outgoing, PlacedCall, Post
from telephony.testing.fakes.twilio.phone_call import PhoneCall


class Places(Protocol):
    """The part of the carrier that is needed here."""

    account_sid: str
    outgoing: Outgoing

    def own_numbers(self) -> list[dict[str, str]]: ...

    @property
    def calls(self) -> Mapping[str, PhoneCall]: ...

    def place(self, form: dict[str, list[str]]) -> PlacedCall: ...


def error(status: int, code: int, message: str) -> JSONResponse:
    """An error as Twilio's API answers it."""
    more_info = f"https://www.twilio.com/docs/errors/{code}"
    return JSONResponse({"status": status, "code": code, "message": message, "more_info": more_info}, status)


def routes(carrier: Places, root: str, refused: Callable[[Request], JSONResponse | None]) -> list[Route]:
    """The routes below `root`. `refused`: the answer to a request with wrong credentials."""

    async def calls(request: Request) -> Response:
        if (refusal := refused(request)) is not None:
            return refusal
        return await place(carrier, request) if request.method == "POST" else listed(carrier, request)

    async def call(request: Request) -> Response:
        return refused(request) or fetch(carrier, request.path_params["call"].removesuffix(".json"))

    async def number(request: Request) -> Response:
        return refused(request) or await change_number(carrier, request)

    return [
        Route(f"{root}/Calls.json", calls, methods=["GET", "POST"]),
        Route(f"{root}/Calls/{{call}}", call, methods=["GET"]),
        Route(f"{root}/IncomingPhoneNumbers/{{number}}", number, methods=["POST"]),
    ]


async def change_number(carrier: Places, request: Request) -> Response:
    """Changes the fields of a number that the form names, and answers with the number as it is then."""
    sid = request.path_params["number"].removesuffix(".json")
    found = next((one for one in carrier.own_numbers() if one.get("sid") == sid), None)
    if found is None:
        return error(404, 20404, "The requested resource was not found")
    for name, value in parse_qsl((await request.body()).decode(), keep_blank_values=True):
        found[re.sub("(?<!^)(?=[A-Z])", "_", name).lower()] = value  # VoiceUrl -> voice_url
    return JSONResponse(found)


async def place(carrier: Places, request: Request) -> Response:
    """Answers the POST that places a call, or does not."""
    form = parse_qs((await request.body()).decode(), keep_blank_values=True)
    outgoing = carrier.outgoing
    outgoing.posts.append(form)
    outgoing.changed.set()
    fault = outgoing.faults.next_post()
    if fault is Post.LOST:
        return await _until_the_client_gives_up(request)
    if fault is Post.FAILS_UNPLACED:
        return Response("<html>oops</html>", 500)
    if fault is Post.BUSY:
        return error(429, 20429, "Too Many Requests")
    if (problem := outgoing.problem(form, carrier.own_numbers())) is not None:
        return error(400, *problem)
    call = carrier.place(form)
    if fault is Post.HANGS:
        return await _until_the_client_gives_up(request)
    if fault is Post.FAILS:
        return Response("<html>oops</html>", 500)
    if fault is Post.GARBLED:
        return Response("<html>sign in to this network</html>")
    return JSONResponse(shown(carrier, call.phone) | {"status": "queued"}, 201)


def shown(carrier: Places, phone: PhoneCall) -> dict[str, Any]:
    """A call as the API shows it."""
    return phone.record.resource(phone.sid, carrier.account_sid)


def fetch(carrier: Places, sid: str) -> Response:
    placed = carrier.outgoing.placed.get(sid)
    phone = placed.phone if placed is not None else carrier.calls.get(sid)
    if phone is None:
        return error(404, 20404, f"The requested resource /Calls/{sid}.json was not found")
    return JSONResponse(shown(carrier, phone))


def listed(carrier: Places, request: Request) -> Response:
    """The calls that match `To`, `From`, `Status` and `StartTime>`; a queued call has no start time."""
    query = request.query_params

    def matches(call: PlacedCall) -> bool:
        found = shown(carrier, call.phone)
        if any(query[name] != found[name.lower()] for name in ("To", "From", "Status") if name in query):
            return False
        day = query.get("StartTime>")
        return day is None or (found["start_time"] is not None and call.phone.record.created.date().isoformat() >= day)

    calls: list[PlacedCall] = [] if carrier.outgoing.faults.not_found else list(carrier.outgoing.placed.values())
    return JSONResponse({"calls": [shown(carrier, one.phone) for one in calls if matches(one)], "page": 0})


async def _until_the_client_gives_up(request: Request) -> Response:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response(status_code=499)

"""The parts of the carrier's REST API with which the service places, reads and lists calls, and changes a number.

Errors are Twilio's (see `rest.py`), and those of `StepFaults`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from telephony.testing.fakes.twilio.answering import answered, error, not_found, read_form
from telephony.testing.fakes.twilio.faults import Step, StepFaults
from telephony.testing.fakes.twilio.outgoing import Outgoing, PlacedCall
from telephony.testing.fakes.twilio.phone_call import PhoneCall


class Places(Protocol):
    """The part of the carrier that is needed here."""

    account_sid: str
    outgoing: Outgoing

    def own_numbers(self) -> list[dict[str, str]]: ...

    @property
    def steps(self) -> Mapping[Step, StepFaults]: ...

    @property
    def calls(self) -> Mapping[str, PhoneCall]: ...

    def place(self, form: dict[str, list[str]]) -> PlacedCall: ...


def routes(carrier: Places, root: str, refused: Callable[[Request], JSONResponse | None]) -> list[Route]:
    """The routes below `root`. `refused`: the answer to a request with wrong credentials."""

    async def calls(request: Request) -> Response:
        if (refusal := refused(request)) is not None:
            return refusal
        return await place(carrier, request) if request.method == "POST" else listed(carrier, request)

    async def call(request: Request) -> Response:
        faults = carrier.steps[Step.FETCH_CALL]
        return refused(request) or await answered(request, faults, lambda: fetch(carrier, request))

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
        return not_found(request)
    for name, value in parse_qsl((await request.body()).decode(), keep_blank_values=True):
        found[re.sub("(?<!^)(?=[A-Z])", "_", name).lower()] = value  # VoiceUrl -> voice_url
    return JSONResponse(found)


async def place(carrier: Places, request: Request) -> Response:
    """Answers the POST that places a call, or does not."""
    form, outgoing = await read_form(request), carrier.outgoing
    outgoing.posts.append(form)
    outgoing.changed.set()

    def placed() -> Response:
        if (problem := outgoing.problem(form, carrier.own_numbers())) is not None:
            return error(400, *problem)
        return JSONResponse(shown(carrier, carrier.place(form).phone) | {"status": "queued"}, 201)

    return await answered(request, outgoing.faults, placed)


def shown(carrier: Places, phone: PhoneCall) -> dict[str, Any]:
    """A call as the API shows it."""
    return phone.record.resource(phone.sid, carrier.account_sid)


def fetch(carrier: Places, request: Request) -> Response:
    sid = request.path_params["call"].removesuffix(".json")
    placed = carrier.outgoing.placed.get(sid)
    phone = placed.phone if placed is not None else carrier.calls.get(sid)
    if phone is None:
        return not_found(request)
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

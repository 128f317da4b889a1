"""The parts of the carrier's REST API for messages and for looking up numbers (which has its own root)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from telephony.testing.fakes.twilio.answering import answered, error, not_found, read_form
from telephony.testing.fakes.twilio.faults import Step, StepFaults
from telephony.testing.fakes.twilio.messages.office import Messages, Person

Refused = Callable[[Request], JSONResponse | None]


class Writes(Protocol):
    """The part of the carrier that is needed here."""

    account_sid: str
    messages: Messages

    @property
    def steps(self) -> Mapping[Step, StepFaults]: ...


def routes(carrier: Writes, root: str, refused: Refused) -> list[Route]:
    """The routes below `root`. `refused`: the answer to a request with wrong credentials."""
    messages = carrier.messages

    async def post(request: Request) -> Response:
        if (refusal := refused(request)) is not None:
            return refusal
        form = await read_form(request)
        messages.posts.append(form)
        messages.notify()

        def sent() -> Response:
            if (problem := messages.problem(form)) is not None:
                return error(400, *problem)
            shown = messages.accept(form).resource(carrier.account_sid)
            return JSONResponse(shown | {"status": "queued" if shown["from"] else "accepted"}, 201)

        return await answered(request, carrier.steps[Step.MESSAGE], sent)

    async def fetch(request: Request) -> Response:
        def found() -> Response:
            message = messages.sent.get(request.path_params["message"].removesuffix(".json"))
            return JSONResponse(message.resource(carrier.account_sid)) if message is not None else not_found(request)

        return refused(request) or await answered(request, carrier.steps[Step.FETCH_MESSAGE], found)

    async def list_all(request: Request) -> Response:
        faults, query = carrier.steps[Step.FETCH_MESSAGE], request.query_params

        def listed() -> Response:
            shown = [message.resource(carrier.account_sid) for message in reversed(messages.sent.values())]
            wanted = {key: query[name] for name, key in (("To", "to"), ("From", "from")) if name in query}
            found = [one for one in shown if not faults.not_found and wanted.items() <= one.items()]
            return JSONResponse({"messages": found, "page": 0})

        return refused(request) or await answered(request, faults, listed)

    return [
        Route(f"{root}/Messages.json", post, methods=["POST"]),
        Route(f"{root}/Messages.json", list_all),
        Route(f"{root}/Messages/{{message}}", fetch),
    ]


def lookup_routes(carrier: Writes, refused: Refused) -> list[Route]:
    """Lookup v2. Whether a number is valid costs nothing; `line_type_intelligence` must be asked for."""

    async def lookup(request: Request) -> Response:
        return refused(request) or await answered(
            request, carrier.steps[Step.LOOKUP], lambda: JSONResponse(_looked_up(carrier, request))
        )

    return [Route("/v2/PhoneNumbers/{number}", lookup)]


def _looked_up(carrier: Writes, request: Request) -> dict[str, Any]:
    number = request.path_params["number"]
    valid = re.fullmatch(r"\+[1-9]\d{6,14}", number) is not None
    found: dict[str, Any] = {
        "phone_number": number,
        "valid": valid,
        "validation_errors": [] if valid else ["TOO_SHORT"],
        "country_code": "US" if number.startswith("+1") else None,
        "calling_country_code": "1" if number.startswith("+1") else None,
        "national_format": number,
        "line_type_intelligence": None,
        "url": str(request.url),
    }
    if valid and "line_type_intelligence" in request.query_params.get("Fields", "").split(","):
        person = carrier.messages.people.get(number, Person())
        found["line_type_intelligence"] = {
            "type": person.line_type,
            "carrier_name": person.carrier_name,
            "mobile_country_code": None,
            "mobile_network_code": None,
            "error_code": None,
        }
    return found

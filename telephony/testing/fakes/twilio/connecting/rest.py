"""The parts of the carrier's REST API for conferences: listing, ending, and what is done with a participant."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from telephony.testing.fakes.twilio.answering import Form, answered, error, not_found, one, read_form
from telephony.testing.fakes.twilio.connecting.conferences import (
    Conferences,
    Participant,
    Room,
    participant_shown,
    shown,
)
from telephony.testing.fakes.twilio.faults import Step, StepFaults


class Meets(Protocol):
    """The part of the carrier that is needed here."""

    account_sid: str
    conferences: Conferences

    @property
    def steps(self) -> Mapping[Step, StepFaults]: ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> None: ...


def routes(carrier: Meets, root: str, refused: Callable[[Request], JSONResponse | None]) -> list[Route]:
    """The routes below `root`. `refused`: the answer to a request with wrong credentials."""

    async def conferences(request: Request) -> Response:
        faults = carrier.steps[Step.CONFERENCES]
        return refused(request) or await answered(request, faults, lambda: _list(carrier, request, faults.not_found))

    async def conference(request: Request) -> Response:
        form, step = await read_form(request), _step(request, Step.CHANGE_CONFERENCE)
        return refused(request) or await answered(request, carrier.steps[step], lambda: _room(carrier, request, form))

    async def participants(request: Request) -> Response:
        faults = carrier.steps[Step.CONFERENCES]
        return refused(request) or await answered(request, faults, lambda: _participants(carrier, request))

    async def participant(request: Request) -> Response:
        form, removes = await read_form(request), request.method == "DELETE"
        step = _step(request, Step.REMOVE_PARTICIPANT if removes else Step.CHANGE_PARTICIPANT)
        return refused(request) or await answered(
            request, carrier.steps[step], lambda: _participant(carrier, request, form)
        )

    base = f"{root}/Conferences"
    return [
        Route(f"{base}.json", conferences),
        Route(f"{base}/{{conference}}/Participants.json", participants),
        Route(f"{base}/{{conference}}/Participants/{{call}}", participant, methods=["GET", "POST", "DELETE"]),
        Route(f"{base}/{{conference}}", conference, methods=["GET", "POST"]),
    ]


def _step(request: Request, change: Step) -> Step:
    return Step.CONFERENCES if request.method == "GET" else change


def _list(carrier: Meets, request: Request, nothing: bool) -> Response:
    """Those in progress, unless the query asks for another status."""
    query = request.query_params
    found = [
        shown(room, carrier.account_sid)
        for room in carrier.conferences.rooms.values()
        if room.status == query.get("Status", "in-progress") and query.get("FriendlyName", room.name) == room.name
    ]
    return JSONResponse({"conferences": [] if nothing else found, "page": 0})


def _found(carrier: Meets, request: Request) -> Room | None:
    return carrier.conferences.rooms.get(request.path_params["conference"].removesuffix(".json"))


def _room(carrier: Meets, request: Request, form: Form) -> Response:
    """Shows a conference, ends it, or announces something to all of it."""
    room = _found(carrier, request)
    if room is None:
        return not_found(request)
    if request.method == "POST":
        if room.status == "completed":
            return error(400, 20001, "Conference is already over")
        if one(form, "Status") == "completed":
            room.end("conference-ended-via-api")
        elif url := one(form, "AnnounceUrl"):
            for participant in room.participants.values():
                carrier.spawn(participant.phone.announce(url, one(form, "AnnounceMethod", "POST")))
        else:
            return error(400, 20001, "Status or AnnounceUrl is needed")
    return JSONResponse(shown(room, carrier.account_sid))


def _participants(carrier: Meets, request: Request) -> Response:
    """The participants: a conference that is over has none."""
    room = _found(carrier, request)
    if room is None:
        return not_found(request)
    found = [participant_shown(room, participant, carrier.account_sid) for participant in room.participants.values()]
    return JSONResponse({"participants": found, "page": 0})


def _participant(carrier: Meets, request: Request, form: Form) -> Response:
    """Shows, changes or removes a participant."""
    room = _found(carrier, request)
    if room is None or room.status == "completed":
        return not_found(request)
    found = room.participants.get(request.path_params["call"].removesuffix(".json"))
    if found is None:
        return not_found(request)
    if request.method == "DELETE":
        found.removed = True
        found.phone.line.notify()
        return Response(status_code=204)
    if request.method == "POST":
        _change(carrier, room, found, form)
    return JSONResponse(participant_shown(room, found, carrier.account_sid))


def _change(carrier: Meets, room: Room, found: Participant, form: Form) -> None:
    seat, conferences = found.seat, carrier.conferences
    if "Muted" in form:
        seat.muted = one(form, "Muted") == "true"
        conferences.report(room, "participant-mute" if seat.muted else "participant-unmute", found)
    if "Hold" in form:
        seat.held = one(form, "Hold") == "true"
        conferences.report(room, "participant-hold" if seat.held else "participant-unhold", found)
    if "EndConferenceOnExit" in form:
        found.ends_on_exit = one(form, "EndConferenceOnExit") == "true"
        conferences.report(room, "participant-modify", found)
    if url := one(form, "AnnounceUrl"):
        carrier.spawn(found.phone.announce(url, one(form, "AnnounceMethod", "POST")))

"""How the REST API answers: with what was done, with an error of Twilio's, or by a fault."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from telephony.testing.fakes.twilio.faults import Post, StepFaults

Form = dict[str, list[str]]


def error(status: int, code: int, message: str) -> JSONResponse:
    """An error as Twilio's API answers it."""
    more_info = f"https://www.twilio.com/docs/errors/{code}"
    return JSONResponse({"status": status, "code": code, "message": message, "more_info": more_info}, status)


def not_found(request: Request) -> JSONResponse:
    return error(404, 20404, f"The requested resource {request.url.path} was not found")


async def read_form(request: Request) -> Form:
    return parse_qs((await request.body()).decode(), keep_blank_values=True)


def one(form: Form, name: str, default: str = "") -> str:
    """The value of a field that comes once."""
    return (form.get(name) or [default])[-1]


async def answered(request: Request, faults: StepFaults, do: Callable[[], Awaitable[Response] | Response]) -> Response:
    """What `do` answers, unless the next fault is another: then it is not done, or nobody learns that it was."""
    await request.body()
    fault = faults.next_post()
    if fault is Post.LOST:
        return await _until_the_client_gives_up(request)
    if fault is Post.FAILS_UNPLACED:
        return Response("<html>oops</html>", 500)
    if fault is Post.BUSY:
        return error(429, 20429, "Too Many Requests")
    if faults.code:
        return error(faults.status, faults.code, "refused")
    done: Any = do()
    response: Response = done if isinstance(done, Response) else await done
    if response.status_code >= 400 or fault is Post.ANSWERED:
        return response
    if fault is Post.HANGS:
        return await _until_the_client_gives_up(request)
    return Response("<html>oops</html>", 500) if fault is Post.FAILS else Response("<html>sign in here</html>")


async def _until_the_client_gives_up(request: Request) -> Response:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response(status_code=499)

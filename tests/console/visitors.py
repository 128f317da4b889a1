"""Requests to the console's pages, as a browser sends them."""

from __future__ import annotations

import httpx2

from telephony.network.tls import tls
from telephony.testing.stack import Stack


async def ask(stack: Stack, path: str, *, form: dict[str, str] | None = None, **headers: str) -> httpx2.Response:
    """A GET, or a POST of a form, which a browser sends with the `Origin` of its page."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx2.AsyncClient(trust_env=False, verify=tls()) as http:
        if form is None:
            return await http.get(stack.service.base_url + path, headers=headers)
        headers = {"Origin": stack.service.base_url} | headers
        return await http.post(stack.service.base_url + path, data=form, headers=headers)


def cookie_of(response: httpx2.Response) -> str:
    """The cookie that a response sets, as it is sent back."""
    return response.headers.get("set-cookie", "").partition(";")[0]


async def login(stack: Stack, key: str) -> str:
    """Logs in; returns the cookie."""
    response = await ask(stack, "/phone/login", form={"key": key})
    assert response.status_code == 303, response.text
    return cookie_of(response)

"""The console's pages over real sockets: headers, login, links, and who is refused."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from telephony.console import pages
from telephony.console.guests import GUEST_CALL_MS, GUEST_CALLS
from telephony.console.logins import LONGEST_GAP_MS, MOST_WAITING
from telephony.console.passes import Kind, Passes
from telephony.testing.stack import Stack, local_stack
from telephony.testing.steady import SteadyClock
from tests.console.page_client import media_url, page
from tests.console.test_calls import AGENT, HELLO
from tests.console.visitors import ask, cookie_of, login

KEY = "a-key-for-the-console"
PUBLIC = "https://calls.example.com"


@asynccontextmanager
async def stack(**settings: Any) -> AsyncIterator[Stack]:
    async with asyncio.timeout(60), local_stack(AGENT, clock=SteadyClock(20), **settings) as running:
        yield running


async def refusal(s: Stack, **headers: str) -> int:
    """The status with which a page's socket is refused."""
    headers = {name: value for name, value in ({"Origin": s.service.base_url} | headers).items() if value}
    with pytest.raises(InvalidStatus) as refused:
        await connect(media_url(s), additional_headers=headers, proxy=None)
    return int(refused.value.response.status_code)


async def test_the_page_is_there_and_loads_only_its_own_files() -> None:
    """No inline script or style, a strict policy, and every file that it names exists."""
    async with stack() as s:
        answer = await ask(s, "/phone")
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<style|\son\w+=|style=|javascript:", answer.text)
        assert re.findall(r"<script[^>]*>([^<]*)<", answer.text) == [""]
        named = re.findall(r'(?:src|href)="(/[^"]+)"', answer.text)
        assert len(named) == 3
        for path in named:
            assert (await ask(s, path)).status_code == 200


async def test_only_the_pages_own_files_are_served() -> None:
    assert set(pages.STATIC) == {"phone.css", "phone.js", "phone.svg", "sound.js", "views.js", "worklet.js"}
    async with stack() as s:
        for name in ("../console.py", "%2e%2e/console.py", "nothing.js", "..%2Fpages.py"):
            assert (await ask(s, f"/phone/static/{name}")).status_code == 404


async def test_a_strange_host_cannot_write_into_the_policy() -> None:
    async with stack(console_key=KEY) as s:
        answer = await ask(s, "/phone", Host="evil.example; script-src *")
        assert "script-src *" not in answer.headers.get("content-security-policy", "")


async def test_strangers_are_refused() -> None:
    """Another site's page, a rebound name, a program, a tunnel: neither page nor socket."""
    async with stack() as s:
        assert await refusal(s, Origin="https://evil.example") == 403
        assert await refusal(s, Origin="") == 403
        assert (await ask(s, "/phone", Host="evil.example")).status_code == 403
        assert (await ask(s, "/phone", X_Forwarded_For="203.0.113.9")).status_code == 403
        assert (await ask(s, "/phone", Origin="https://evil.example")).status_code == 403
        assert not s.service.registry.calls


async def test_without_a_key_nobody_logs_in() -> None:
    async with stack(public_url=PUBLIC) as s:
        answer = await ask(s, "/phone")
        assert answer.status_code == 403
        assert "TELEPHONY_CONSOLE_KEY" in answer.text
        assert (await ask(s, "/phone/login", form={"key": ""})).status_code == 403
        assert await refusal(s) == 403


async def test_the_key_opens_the_phone() -> None:
    """The cookie is out of reach for scripts, other sites and http."""
    async with stack(public_url=PUBLIC, console_key=KEY) as s:
        asked = await ask(s, "/phone")
        assert (asked.status_code, 'type="password"' in asked.text) == (401, True)
        assert await refusal(s) == 403
        answer = await ask(s, "/phone/login", form={"key": KEY})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/phone"
        flags = answer.headers["set-cookie"].lower()
        assert all(flag in flags for flag in ("httponly", "samesite=strict", "secure", "path=/phone", "max-age="))
        assert KEY not in answer.headers["set-cookie"]
        cookie = cookie_of(answer)
        assert (await ask(s, "/phone", Cookie=cookie)).status_code == 200
        async with page(s, Cookie=cookie) as phone:
            await phone.event("line")
            assert phone.lines == [("agent", HELLO)]


async def test_a_login_from_another_site_or_with_a_forged_cookie_is_refused() -> None:
    async with stack(public_url=PUBLIC, console_key=KEY) as s:
        assert (await ask(s, "/phone/login", form={"key": KEY}, Origin="https://evil.example")).status_code == 403
        cookie = await login(s, KEY)
        assert await refusal(s, Cookie=cookie, Origin="https://evil.example") == 403
        assert await refusal(s, Cookie=cookie.replace("login", "link")) == 403
        assert await refusal(s, Cookie=cookie[:-2] + "xx") == 403
        assert (await ask(s, "/phone/share", form={}, Cookie=cookie, Origin="https://evil.example")).status_code == 403


async def test_wrong_keys_slow_all_tries_down_and_keep_nobody_out() -> None:
    """Not even behind a proxy, where all come from one address: the right key opens after a moment."""
    async with stack(public_url=PUBLIC, console_key=KEY) as s:
        for _ in range(6):
            answer = await ask(s, "/phone/login", form={"key": "wrong"})
            assert answer.status_code == 401
            assert "wrong" not in answer.text.lower().replace("that is not the key", "")
        begun = s.clock.ms()
        await login(s, KEY)
        assert LONGEST_GAP_MS // 2 <= s.clock.ms() - begun <= 2 * LONGEST_GAP_MS


async def test_many_keys_at_once_are_no_way_around_the_limit() -> None:
    """However long each form takes to come. Meanwhile whoever comes through the proxy from another place is next."""
    async with stack(public_url=PUBLIC, console_key=KEY) as s:
        begun = s.clock.ms()
        stranger = {"X_Forwarded_For": "203.0.113.9"}
        keys = [f"wrong {number}" for number in range(40)]
        tries = asyncio.gather(*[ask(s, "/phone/login", form={"key": key}, **stranger) for key in keys])
        first = asyncio.create_task(ask(s, "/phone/login", form={"key": KEY}, X_Forwarded_For="198.51.100.7"))
        assert (await first).status_code == 303
        limited = [answer for answer in await tries if answer.status_code == 429]
        tried = [answer.status_code for answer in await tries].count(401)
        took = s.clock.ms() - begun
    assert tried + len(limited) == 40
    assert tried <= MOST_WAITING + 2 + took // LONGEST_GAP_MS
    assert all(int(answer.headers["retry-after"]) > 0 and "set-cookie" not in answer.headers for answer in limited)


async def test_forms_are_bounded() -> None:
    async with stack(public_url=PUBLIC, console_key=KEY) as s:
        assert (await ask(s, "/phone/login", form={"key": "x" * 100_000})).status_code == 401
        assert (await ask(s, "/phone/login", form={f"k{n}": "x" for n in range(50)})).status_code == 401


async def test_logging_out_takes_the_cookie_back() -> None:
    async with stack(public_url=PUBLIC, console_key=KEY) as s:
        answer = await ask(s, "/phone/logout", form={}, Cookie=await login(s, KEY))
        assert "max-age=0" in answer.headers["set-cookie"].lower()


async def shared(s: Stack) -> str:
    answer = await ask(s, "/phone/share", form={}, Cookie=await login(s, KEY))
    assert answer.status_code == 200
    return str(answer.json()["path"])


async def test_a_link_lets_a_guest_call_and_no_more() -> None:
    """One call at a time, so many in all; a guest can share nothing."""
    async with stack(public_url=PUBLIC, console_key=KEY) as s:
        path = await shared(s)
        opened = await ask(s, path)
        assert opened.status_code == 200
        cookie = cookie_of(opened)
        assert (await ask(s, "/phone/share", form={}, Cookie=cookie)).status_code == 403
        for number in range(GUEST_CALLS):
            async with page(s, Cookie=cookie) as phone:
                await phone.event("line")
                if number == 0:
                    async with page(s, Cookie=cookie) as second:
                        assert "Somebody is on the phone" in (await second.event("refused"))["text"]
                await phone.send(type="hang_up")
                await phone.ended()
        async with page(s, Cookie=cookie) as phone:
            assert f"good for {GUEST_CALLS} calls" in (await phone.event("refused"))["text"]
            await phone.until(lambda: phone.closed)


async def test_whoever_has_logged_in_and_opens_a_link_elsewhere_stays_logged_in() -> None:
    """A link in a mail is opened without the login's cookie, as by any guest; the cookie that it sets takes no other's
    place."""
    async with stack(public_url=PUBLIC, console_key=KEY) as s:
        own = await login(s, KEY)
        opened = await ask(s, await shared(s))
        assert "Share a link" not in opened.text
        guest = cookie_of(opened)
        assert guest.partition("=")[0] != own.partition("=")[0]
        for both in (f"{own}; {guest}", f"{guest}; {own}"):
            assert "Share a link" in (await ask(s, "/phone", Cookie=both)).text


async def test_a_guests_call_ends_in_time() -> None:
    """A note says why."""
    async with stack(public_url=PUBLIC, console_key=KEY) as s:
        cookie = cookie_of(await ask(s, await shared(s)))
        async with page(s, Cookie=cookie) as phone:
            begun = s.clock.ms()
            assert await phone.ended() == "completed"
            assert s.clock.ms() - begun <= GUEST_CALL_MS + 10_000


async def test_a_link_that_has_expired_or_is_forged_opens_nothing() -> None:
    async with stack(public_url=PUBLIC, console_key=KEY) as s:
        old = Passes(KEY).issue(Kind.LINK, "ab12", int(s.clock.wall_s()) - 1)
        forged = Passes("another-key-entirely").issue(Kind.LINK, "ab12", int(s.clock.wall_s()) + 60)
        for token in (old, forged, "nonsense"):
            answer = await ask(s, f"/phone/share/{token}")
            assert answer.status_code == 401
            assert "set-cookie" not in answer.headers
            assert "expired" in answer.text
            assert await refusal(s, Cookie=f"telephony_console={token}") == 403


async def test_on_this_machine_nothing_is_shared() -> None:
    """A link to localhost is of no use to others; the answer says what is needed."""
    async with stack() as s:
        answer = await ask(s, "/phone/share", form={})
        assert answer.status_code == 403
        assert "TELEPHONY_CONSOLE_KEY" in answer.json()["problem"]


async def test_pages_behind_a_path_lead_to_that_path() -> None:
    """PUBLIC_URL has a path, which the browser needs and the routes do not."""
    async with stack(public_url=f"{PUBLIC}/voice", console_key=KEY) as s:
        answer = await ask(s, "/voice/phone")
        assert 'action="/voice/phone/login"' in answer.text
        answer = await ask(s, "/voice/phone/login", form={"key": KEY})
        assert answer.headers["location"] == "/voice/phone"
        assert "path=/voice/phone" in answer.headers["set-cookie"].lower()
        assert 'data-root="/voice"' in (await ask(s, "/voice/phone", Cookie=cookie_of(answer))).text


@pytest.mark.parametrize("local", [True, False])
async def test_the_page_says_that_the_model_is_a_stand_in(local: bool) -> None:
    """Who talks to an agent that has not read its prompt must not take the answers for the agent's."""
    async with stack(local_llm=local) as s:
        assert ("has not read your prompt" in (await ask(s, "/phone")).text) is local

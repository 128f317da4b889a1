"""A shop's hotline over a slow system: what a tool does while the caller waits, and what it does once they have heard.

Run it with TELEPHONY_AGENT=telephony.examples.order_status:agent; put your own system in place of `Shop`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from telephony import Agent, ToolContext, tool

Number = Annotated[str, Field(description="the order number: three digits", pattern=r"^\d{3}$")]
Postcode = Annotated[str, Field(description="five digits, as the caller has said them", pattern=r"^\d{5}$")]
UNKNOWN = "There is no order with this number and postcode. Nothing else may be told about it."


@dataclass
class Order:
    postcode: str
    status: str


@dataclass
class Shop:
    """The shop's system, which takes its time."""

    orders: dict[str, Order] = field(default_factory=dict)
    step_s: float = 2.0
    cancelled: list[str] = field(default_factory=list)  # idempotency keys

    async def find(self, number: str, postcode: str, context: ToolContext) -> Order | None:
        """The order; the postcode proves that it is the caller's, for a caller's number proves nothing."""
        for percent, said in ((30, "One moment, our system is slow today."), (60, ""), (90, "Almost there.")):
            await asyncio.sleep(self.step_s)
            if context.cancelled.is_set():  # the caller has moved on
                return None
            context.progress(f"The search for order {number} has done {percent} percent.")
            if said:
                await context.say(said)
        order = self.orders.get(number)
        return order if order is not None and order.postcode == postcode else None

    async def cancel(self, number: str, key: str) -> None:
        """Cancels the order, once for each key."""
        if key not in self.cancelled:
            self.cancelled.append(key)
            self.orders[number].status = "cancelled"


shop = Shop({"714": Order("10117", "on its way, and arrives tomorrow"), "325": Order("20095", "being packed")})


@tool(limit_per_call=5)  # nobody tries out postcodes
async def order_status(number: Number, postcode: Postcode, context: ToolContext) -> str:
    """Look up an order. Ask for its number and the postcode it goes to; both are needed."""
    order = await shop.find(number, postcode, context)
    return f"Order {number} is {order.status}." if order is not None else UNKNOWN


@tool(limit_per_call=5)
async def cancel_order(number: Number, postcode: Postcode, context: ToolContext) -> str:
    """Cancel an order, after the caller has confirmed it. Tell them in one sentence that you cancel it now."""
    if await shop.find(number, postcode, context) is None:
        return UNKNOWN
    context.when_heard(lambda: shop.cancel(number, context.idempotency_key))
    return f"Order {number} is cancelled as soon as the caller has heard it from you, unless they interrupt."


agent = Agent(
    name="orders",
    greeting="Hello, this is the Blue Door shop. What is your order number?",
    prompt=(
        "You answer the hotline of the Blue Door shop. You tell callers how their order is doing, and cancel it if "
        "they want. You need the order number, three digits, and the postcode it goes to, five digits. Before you "
        "cancel an order, ask whether they are sure. Say nothing about an order that the tools did not find."
    ),
    tools=(order_status, cancel_order),
)

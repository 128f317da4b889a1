"""One call at work: ports, mailbox and core, joined by contracts alone; no vendor is named here.

Begin with `driver.py`. `call_registry.py` knows the live calls, `llm_port.py` runs `reply.py`, one request to the
model.
"""

"""The kit for testing your own agents, in virtual time or over the vendors' real protocols.

    from telephony.testing.stack import local_stack      # the service, local providers, and a carrier that calls it
    from telephony.testing.script import CallerScript    # a scripted caller, in virtual time or over sockets
    from telephony.testing.simulator import Simulator    # a call in virtual time, with exact latencies and faults

The pytest fixtures `replay`, `rehearse`, `caller` and `carrier` are in `pytest_plugin.py`; `fakes/` holds local
servers that stand in for the vendors.
"""

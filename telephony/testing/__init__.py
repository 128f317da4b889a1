"""The kit for testing your own agents, all of it over the vendors' real protocols or in virtual time.

    from telephony.testing.stack import local_stack      # the service with local providers and a carrier to call it
    from telephony.testing.script import CallerScript    # a scripted caller, in virtual time or over sockets

The pytest fixtures `replay`, `caller` and `carrier` are in `pytest_plugin.py`; `fakes/` holds the vendors' stand-ins.
"""

"""Example agents, used by the README and the tests."""

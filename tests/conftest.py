"""The package's own fixtures, as its users have them; and pytest's for testing plugins."""

pytest_plugins = ["telephony.testing.pytest_plugin", "pytester"]

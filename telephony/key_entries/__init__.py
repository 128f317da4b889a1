"""What tools let the caller key in: `entries.py` is the service that a tool asks, `screen.py` keeps sensitive keys from
everything else. See KEYS.md."""

"""Calls that the local carrier connects with each other: `<Dial>` of numbers, and conferences."""

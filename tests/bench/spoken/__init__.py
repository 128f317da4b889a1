"""Prints what is written and how it is spoken, for people who speak the language."""

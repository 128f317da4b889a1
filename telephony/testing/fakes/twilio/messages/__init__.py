"""Messages at the local carrier, to people and from them, and the look-up of their numbers."""

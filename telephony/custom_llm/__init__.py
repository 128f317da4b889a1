"""Our brain behind somebody else's voice: an OpenAI-compatible endpoint on the same agents, tools and `reply()`."""

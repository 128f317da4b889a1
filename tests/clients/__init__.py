"""Other teams' own ElevenLabs clients against the local servers: `scripts/clients`."""

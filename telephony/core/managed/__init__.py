"""The pure side of a call that a managed agent of ElevenLabs holds: an engine of the same shape as `Conversation`.

Begin with `bridge.py`. The socket to the platform is `telephony/elevenlabs/agents.py`.
"""

"""The pure part of a call whose conversation a managed agent of ElevenLabs holds: an engine like `Conversation`.

Begin with `bridge.py`. The socket to the platform is `telephony/elevenlabs/agents.py`.
"""

"""What the runtime expects of an STT, TTS, LLM, detector, port and observer: protocols and plain values.

To add a vendor, implement the contract in a package of its own and name it in `telephony/app/app.py`.
"""

"""A managed agent of ElevenLabs takes the call: the codec, the pure engine, and the socket."""

"""What connections have in common: the TLS context (`tls.py`), and bounds on what a peer may bring (`flood.py`)."""

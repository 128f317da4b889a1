"""The platform's requests about its calls: `routes.py` answers them, `store.py` keeps what comes after a call."""

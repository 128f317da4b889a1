"""What the service keeps on disk for ever: `database.py` is the way in which it is written."""

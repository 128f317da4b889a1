"""What the agent does beside talking. Begin with `deferred.py`: said, heard, then done."""

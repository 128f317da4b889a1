"""A number of one's own: where its calls go, a public address, keys, and a first call. The parts of `telephony up`."""

"""Local servers in the vendors' own protocols, each fault a switch."""

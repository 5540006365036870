"""How it flows: the ports and their adapters, and the one loop that moves records through a handler."""

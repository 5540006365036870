"""The one human-written file: read, checked with line numbers, and turned into each service's settings."""

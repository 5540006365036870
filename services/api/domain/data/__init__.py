"""Word lists of the api."""

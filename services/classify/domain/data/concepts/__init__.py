"""Words and phrases that mean something, per concept and language."""

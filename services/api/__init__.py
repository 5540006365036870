"""What people and programs use: items, incidents, search and the live stream over HTTP."""

"""Pure parts of the api: cursors, stream positions, the shape of JSON."""

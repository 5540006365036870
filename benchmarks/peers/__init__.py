"""What others do with the same bytes on the same broker, each a process of its own."""

"""What a mention is, which brand it is about, and whether it takes the fast lane: pure."""

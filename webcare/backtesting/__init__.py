"""What the spike detector would have done over a history: pages, why, and how other settings compare."""

"""What flows: event types, the topics they flow on, recorded examples and their JSON Schemas.

Contracts hold no behaviour and import nothing of ours. They change additively inside a version: readers ignore
fields they do not know, new fields have defaults, and `tests/contracts` refuses a breaking change.
"""

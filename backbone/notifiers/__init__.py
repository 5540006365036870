"""The channels that reach people. Each honours `backbone.ports.Notifier`: tries once, and says how it ended.

``detail`` of a delivery is a stable code, with figures behind it where there are any (``status_503 retry_after_s=30``).
"""

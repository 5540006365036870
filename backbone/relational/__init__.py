"""The desk in a relational database: one implementation for SQLite and PostgreSQL, on SQLAlchemy Core.

The statements are written once, as ordinary functions over a `Work` (one open transaction). What a database does in
its own way is a `Database`: `backbone.embedded.desk` has SQLite's.
"""

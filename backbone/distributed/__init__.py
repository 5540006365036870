"""The adapters for several machines: Kafka, PostgreSQL, Elasticsearch."""

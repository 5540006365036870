"""Real Kafka, Elasticsearch and PostgreSQL on loopback, without Docker: for tests, benchmarks and trying things out."""

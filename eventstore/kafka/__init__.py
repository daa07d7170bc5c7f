"""The only door to Kafka: admin, producer, consumer, and the EventLog that they make together."""

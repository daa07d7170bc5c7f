"""What every process has, whatever it does: settings, logs, metrics, health, its listeners, its doors to Kafka."""

"""A real Apache Kafka without Docker: jars through Maven, run by Java 17 in KRaft mode on loopback (design 7)."""

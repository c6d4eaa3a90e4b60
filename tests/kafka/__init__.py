"""Tests that need a real Kafka.

`jars` Apache Kafka from Maven, cached · `broker` a broker of one's own · `guard` ends it with the run · `shared` one for a whole run.
"""

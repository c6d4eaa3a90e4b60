"""Tests that need a real Kafka.

`jars` Apache Kafka from Maven, cached · `guarded`, `guard` processes that end with the run · `broker` a broker of one's own · `shared` one
for a whole run · `certificates` for TLS · `live` rooms, players and viewers on a log · `worker` one process of the engine · `fleet` several
of them, looked after · `chaos` faults under load · `checker` what a log must not hold afterwards.
"""

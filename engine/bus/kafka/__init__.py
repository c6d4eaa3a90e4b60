"""The bus on a Kafka cluster.

`layout` which topics there are, and whether they are as they must be · `access` how clients reach the brokers · `deadline` no
call without one · `connection` a client that is made anew when brokers fail · `fetching`, `unpacking`, `unfolding`, `offsets` reading ·
`producing`, `packing`, `publisher` writing · `leases`, `ownership` one fenced producer per partition · `membership`, `member`
the worker's side · `tail`, `bus` the rest of the port.

aiokafka's consumer is used for the membership in the group alone. Records are fetched by plain requests: so every wait has a
bound, a pause acts at once, and positions are ours.
"""

from engine.bus.kafka.bus import KafkaBus
from engine.bus.kafka.opening import open_kafka

__all__ = ["KafkaBus", "open_kafka"]

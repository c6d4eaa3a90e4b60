"""The WebSocket gateway: sources, players, operators and observers on one side, the bus on the other.

Towards clients: `server` sockets · `session` the protocol as a table · `auth` tokens · `peer` one client · `requests` requests → records ·
`sources` what sources are owed · `players` one current player a room · `posts` what sources post. Towards the bus: `inbound` what
comes · `feed` one topic, followed · `hub` and `ring` streams and what a client missed · `fences` what kills and fact changes forbid ·
`proposals` what is open · `gaps` pages of gaps · `facts`, `shops` what players are told. `service` wires the parts.
"""

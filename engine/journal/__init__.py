"""What lasts of a partition beside its outputs: its journal and snapshots, and how a core comes back from them.

Workers restore from it; whoever explains or checks what they did reads the same. `records` entries ↔ journal records · `reading` both
topics, by seq · `replay` entries into a core, each room from its own snapshot on · `core` what is needed of the room core.
"""

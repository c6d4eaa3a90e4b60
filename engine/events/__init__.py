"""Every record on the wire and on the bus. The one source of `schemas/`.

`fields` bounded types · `inputs` comments, room and shop events · `outputs` verdicts, decisions, insertions, aired, gaps ·
`journal` entries and snapshots · `pools` compiled pools · `understanding` · `topics` the topic table · `codec` bytes ↔ records.
"""

"""Every record on the wire and on the bus. The one source of `schemas/`.

`fields` bounded types · `inputs` comments, room and shop events · `outputs` verdicts, decisions, commands, aired · `gaps` their board ·
`posts` what was posted · `handoffs` questions for people · `letters` what could not be read · `journal` entries and snapshots ·
`pools` compiled pools · `understanding` what was understood of a text · `wire` the WebSocket's messages · `told` parts of them ·
`roles` who sends and gets which · `topics` the topic table · `codec` bytes ↔ records · `meanings` of reasons and blockers ·
`closes` close codes.
"""

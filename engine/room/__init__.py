"""The pure core: what is said in a room, and when. Entries in, effects out; `rooms` is the only door.

State: `room` one room · `demands` who waits for what · `seen` which comments came before · `askers` who asked how often lately ·
`script` the script clock · `shop` the pool and facts as rooms see them · `snapshot` a room's state as text. Verbs: `arrival` a comment
comes · `blockers` what it waits for · `selection` which demand wins · `emission` the insertion · `guard` the last look at a text ·
`proposals` what people are asked first · `approval` whether they must be, and were ·
`playback` what became of it · `script_events`, `presence`, `control` what players and people say · `ending` the decision · `effects`
what comes out.
"""

"""The pure core: what is said in a room, and when. Entries in, effects out; `rooms` is the only door.

State: `room` one room · `demands` who waits for what · `seen` which comments came before · `askers` who asked how often lately ·
`duties` what it has to say by itself · `lineup` the script as it runs · `script` the script clock · `chat` posts on their way and
lately · `people` what is open with people · `shop` the pool and facts as rooms see them · `snapshot` a room's state as text. Verbs:
`arrival` a comment comes · `blockers` what it waits for · `selection` which demand wins · `emission` the insertion · `notices`
corrections and the disclosure, ahead of replies · `proposals` what people are asked first · `approval` whether they must be, and were ·
`postable` what may be posted to whom · `posts` the chat reply · `posted` what became of it · `handoffs` a question passes to people ·
`guard` the last look at a text · `playback` what became of an insertion · `script_events`, `presence`, `control` what players and people
say · `ending` the decision · `effects` what comes out.
"""

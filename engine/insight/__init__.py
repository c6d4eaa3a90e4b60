"""What became of the comments: what share was answered, what nobody wrote a reply for, why one was not answered, and what if.

Decisions → coverage and gaps: `window` sliding time · `coverage` the one definition, and its counts · `keys` what one edit would close ·
`cluster` the comments of one key · `features`, `grouping` and `wordings` gaps by the meaning of words · `gaps` those of one shop, ranked
by `rank` · `screens` what is on screen · `remedy` what closes a gap · `board` all shops, and what the `gaps` topic lacks · `knowledge` of
the shops' pools · `lead` which insight is active · `service` the role that follows the bus. `live` a live looked back on · `sampling`
questions that passed for chatter.

The journal once more: `rerun` a room's course, computed again · `origin` the shops at an old journal's begin · `verify` against the log ·
`whatif` with another pool, against a `model_player` in the recorded `timing` · `explain/` one comment in plain sentences.
"""

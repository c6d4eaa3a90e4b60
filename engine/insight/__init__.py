"""What became of the comments: what share was answered, what nobody wrote a reply for, why one was not answered, and what if.

Decisions → coverage and gaps: `window` sliding time · `coverage` the one definition, and its counts · `gaps` clusters of one shop, ranked ·
`remedy` what closes a gap · `board` all shops, and what the `gaps` topic lacks · `service` the role that follows the bus.

The journal once more: `rerun` a room's course, computed again · `origin` the shops at an old journal's begin · `verify` against the log ·
`whatif` with another pool, against a `model_player` in the recorded `timing` · `explain/` one comment in plain sentences.
"""

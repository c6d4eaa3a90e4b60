"""Decisions → coverage and gaps: what share of the questions was answered, and what nobody wrote a usable reply for.

`window` sliding time · `coverage` the one definition, and its counts · `gaps` clusters of one shop, ranked · `remedy` what closes a gap ·
`board` all shops, and what the `gaps` topic lacks · `service` the role that follows the bus. All but `service` are pure.
"""

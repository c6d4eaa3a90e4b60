"""What happened to one comment, in plain sentences, and what would have changed it.

`lookup` comments by id, on the bus · `watch` one through a room's course · `details` what exactly holds it · `story` all that is known of
it · `telling` story → sentences · `advice` story → the edit or setting · `words` their wording, `english` and `chinese` · `places` where an
edit is made.
"""

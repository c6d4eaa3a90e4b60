"""Watches shop folders and keeps the best valid pool of each live.

`watch` edits, debounced · `builder` reads, tests and trains in processes of its own · `lines` which test lines are understood ·
`models` what is needed of models · `trainer` models by hash · `bulletin` what the bus holds of pools · `service` the role.
"""

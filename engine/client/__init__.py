"""The engine's own asynchronous client, and the example for others.

`connection` a session that lasts over reconnects · `source` sends comments · `posting` posts chat replies · `operator` modes, kills,
facts, handoffs · `player` the reference player · `playhead` playback without I/O · `lineup` the script that it runs · `scripts` a
pool's script, filled with facts.
"""

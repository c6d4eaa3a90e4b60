"""`livechat demo`: the real engine at work in one terminal.

`verb` the command and its course · `stage` the folder, the tokens and the processes · `story` what the engine told, as state · `screen`
that state on a terminal · `lines` the same as plain lines · `ending` the summary. Only what a connected client may see is shown.
"""

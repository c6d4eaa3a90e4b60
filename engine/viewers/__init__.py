"""Viewer ids → keyed hashes, and the keys: made, shared by the log, destroyed.

`secret` the half of every key that the settings hold · `ring` which key counts when, what is due · `hashing` ids → hashes ·
`keeper` a process's keys: follows the log, makes and destroys what is due.
"""

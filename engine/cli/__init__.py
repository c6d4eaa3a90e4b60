"""The command `livechat`: one module a verb, the assembly of all roles, and the HTTP endpoints beside them.

`main` commands and how they fail · `terminal` what is printed · `options` what several verbs share · `assembly` all roles in one
process · `http` `/metrics`, `/healthz`, `/readyz` · `demo/` the engine at work in one terminal · the rest: a verb each.
"""

"""What editors write → the compiled `Pool`: intents, approved replies, facts, scripts and limits of one shop at one version.

Reading: `nodes` YAML with places · `documents` a file with its tree · `scalars`, `files` the typed files · `keywords` sure rules · `load`
folders → pool · `loose` lines of no intent. Judging: `merge` base pack and shop · `checks`, `fact_checks`, `contradictions` what no
single file shows · `naming` which product a reply speaks of · `lint` `livechat pool check` · `guarding` lists in force · `banned`,
`folding`, `lookalikes` terms in any spelling · `speech`, `forms`, `numerals`, `currencies` what may be said and how. The result: `model`
· `compile` · `encoding` bytes · `blobs` on the bus · `facts` versions · `paths` what ships.
"""

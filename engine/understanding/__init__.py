"""Text → Understanding: normal forms, rules, a calibrated linear model over hashed n-grams, and the spaCy pipeline around them.

`understander` the door. Reading: `normalise` normal form · `plain` whole batches of it · `language` · `privacy` personal data,
`homes`, `spans` of it · `products`, `neutral` names of goods · `courtesies` · `rules`, `scanner`, `strays`, `branches` sure rules ·
`spellings`, `clashes` · `reading` all of it. Judging: `ngrams` features · `linear` scores · `calibration`, `regression` confidence ·
`neighbours` near examples · `known` lines word for word · `judge` outcomes · `clauses` parts of a comment. The model: `training` makes
it · `model` one file · `cache` on disk. `lookahead` what sentences of a script answer · `pipeline` the same for spaCy.
"""

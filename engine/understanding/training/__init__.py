"""Lines of a pool → a model (`model.py`), and what is known of it before it serves.

`train` all of it. `corpus` the lines, `counting` their features · `fitting` weights, by the `solver`'s machines, with what the `names` of
intents tell · `folds`, `twins` which lines are held out together · `held_out` what models say of lines that they never saw ·
`certificate` thresholds · `score` the same for an editor. Loops in machine code (`compiled`): `counting`, `frequencies`, `vectors`,
`meetings`, `sweeps` and `scoring` (whose door is `margins`), with `prefetch`. A start with a stored model needs none of them.
"""

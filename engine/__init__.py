"""Livechat Engine: approved replies, inserted at the right moment of a digital-human livestream.

The packages, from the top: `cli` → `worker`, `gateway`, `publisher`, `insight`, `client` → `bus` → `understanding`,
`room` → `pool` → `metrics`, `settings` → `events` → `errors`, `clock`. Imports go only downwards. `docs/architecture.md` tells the story.
"""

__version__ = "0.1.0"

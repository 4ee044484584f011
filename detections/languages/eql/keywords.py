"""EQL's reserved words, and the terminal that each is to the grammar."""

from __future__ import annotations

KEYWORDS = {
    "and": "AND", "or": "OR", "not": "NOT", "in": "IN", "in~": "IN", "like": "MATCH", "like~": "MATCH",
    "regex": "MATCH", "regex~": "MATCH", "where": "WHERE", "sequence": "SEQUENCE", "sample": "SAMPLE",
    "join": "JOIN", "by": "BY", "with": "WITH", "until": "UNTIL", "as": "AS",
    "true": "BOOLEAN", "false": "BOOLEAN", "null": "NULL",
}  # fmt: skip

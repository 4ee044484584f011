"""ES|QL's functions that test something, and those that only change a value's type or letters."""

from __future__ import annotations

from detections.languages.tree import Operator

# name -> operator of the second argument's text
POSITIONS: dict[str, Operator] = {
    "starts_with": "startswith",
    "ends_with": "endswith",
    "contains": "contains",
}

# name -> operator of each argument behind the first
LISTS: dict[str, Operator] = {"cidr_match": "cidr"}

# a member among many, or every one of them
MEMBERS = frozenset({"mv_contains", "mv_contains_all", "mv_contains_any", "mv_intersects"})

# full-text search in one field; options may stand behind the text
SEARCHES = frozenset({"match", "match_phrase", "multi_match"})

# a query in another language -> its name
EMBEDDED = {"kql": "kql", "qstr": "lucene"}

TESTS = frozenset({*POSITIONS, *LISTS, *MEMBERS, *SEARCHES, *EMBEDDED})

# looked through: `TO_IP(x)` is `x::ip`, and letters do not matter
CASTS = frozenset({
    "to_boolean", "to_bool", "to_datetime", "to_dt", "to_date_nanos", "to_double", "to_dbl", "to_integer", "to_int",
    "to_ip", "to_long", "to_lower", "to_string", "to_str", "to_unsigned_long", "to_ul", "to_ulong", "to_upper",
    "to_version", "to_ver",
})  # fmt: skip

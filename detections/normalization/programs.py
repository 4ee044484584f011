"""The program that a test names: the executable at the end of a path, else the product in whose folder it looks.

- Only fields that hold a program's path or file name are looked at (`FIELDS`).
- The last component of the path is the program, if the test says all of it: `*\\x.exe` and `c:\\y\\x.exe` name x.exe,
  `x*.exe` and everything that goes on behind name none.
- A test that names none looks in a product's folder when it begins below Program Files, ProgramData, a user's AppData,
  /Applications, /opt or /usr/lib: the first folder there is the product.
"""

from __future__ import annotations

import re

from detections.normalization.satisfiable import outline

FIELDS = frozenset(
    {
        "Image", "ParentImage", "GrandParentImage", "SourceImage", "TargetImage", "OriginalFileName",
        "ModifyingApplication", "ApplicationPath", "ProcessNameBuffer", "process.Ext.effective_parent.executable",
        "process.previous.executable", "process.entry_leader.executable",
    }
)  # fmt: skip
LONGEST = 100
_PRODUCT = re.compile(
    r"\\program files(?: \(x86\)| \(arm\))?\\(?P<a>[^\\/*?]+)\\"
    r"|\\programdata\\(?P<b>[^\\/*?]+)\\"
    r"|\\appdata\\(?:local|roaming|locallow)\\(?:programs\\)?(?P<c>[^\\/*?]+)\\"
    r"|^\*?/(?:applications|opt|usr/lib|usr/local/lib|library/application support)/(?P<d>[^/*?]+)/"
)
_NOT_A_PRODUCT = frozenset({"temp", "microsoft", "packages", "common files", "programs"})


def program_of(field: str, operator: str, value: str, *, wild: bool) -> str:
    """The program's file name or the product's folder, in lower case; "" for none. `value` is folded."""
    shape = outline(operator, value, wild=wild) if field in FIELDS else ""
    if not shape:
        return ""
    name = re.split(r"[\\/]", shape)[-1].lstrip("*")
    if not name or "*" in name or "?" in name or name.startswith("."):
        product = _PRODUCT.search(shape)
        name = next((found for found in product.groups() if found), "") if product else ""
        name = "" if name in _NOT_A_PRODUCT else name
    return name.strip(' "')[:LONGEST] if any(map(str.isalnum, name)) else ""

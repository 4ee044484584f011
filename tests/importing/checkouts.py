"""Tiny checkouts in the three vendors' formats, with rules of our own."""

from __future__ import annotations

from pathlib import Path

from detections.importing.runs import perform, request_sync


def sigma_rule(own_id: str, *, title: str = "A rule", image: str = "tool.exe", tag: str = "t1059.001") -> str:
    return (
        f"title: {title}\nid: {own_id}\nstatus: test\nlevel: medium\nauthor: Somebody\ntags: [attack.{tag}]\n"
        "logsource: {product: windows, category: process_creation}\n"
        f"detection:\n  selection:\n    Image|endswith: '\\{image}'\n"
        "  filter_main:\n    User: SYSTEM\n  condition: selection and not filter_main\n"
    )


def elastic_rule(own_id: str, *, query: str = 'process.name: "tool.exe"', name: str = "A rule") -> str:
    return (
        '[metadata]\ncreation_date = "2024/01/02"\nmaturity = "production"\nupdated_date = "2024/01/03"\n'
        f'[rule]\nauthor = ["Somebody"]\ndescription = "Ours."\nlanguage = "kuery"\nlicense = "Apache-2.0"\n'
        f'name = "{name}"\nrisk_score = 21\nrule_id = "{own_id}"\nseverity = "low"\ntype = "query"\n'
        f"tags = [\"OS: Windows\", \"Domain: Endpoint\"]\nquery = '''\n{query}\n'''\n"
        '[[rule.threat]]\nframework = "MITRE ATT&CK"\n[[rule.threat.technique]]\nid = "T1059"\nname = "x"\n'
        'reference = "x"\n[[rule.threat.technique.subtechnique]]\nid = "T1059.001"\nname = "y"\nreference = "y"\n'
        '[rule.threat.tactic]\nid = "TA0002"\nname = "Execution"\nreference = "z"\n'
    )


class Checkout:
    """A folder of files that a test writes, removes and syncs."""

    def __init__(self, root: Path, vendor: str = "sigma", slug: str = "", public: bool = True) -> None:
        self.root = root
        self.vendor = vendor
        self.slug = slug or vendor
        self.public = public
        root.mkdir(parents=True, exist_ok=True)

    def write(self, path: str, text: str | bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def remove(self, path: str) -> None:
        (self.root / path).unlink()

    def sync(self) -> dict[str, int]:
        run = request_sync(self.vendor, str(self.root), slug=self.slug, public=self.public, workers=1)
        return perform(run)

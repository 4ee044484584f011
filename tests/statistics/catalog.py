"""Sources with rules of the same ids, everything that staff may do to them at random, and the true figures."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from django.db import transaction

from detections.analysis.analysis import analyse
from detections.analysis.overrides import Overrides
from detections.analysis.rows import FileRow, problems_json, rule_row
from detections.editing.drafts import save_draft
from detections.editing.errors import EditError, NotSavableError
from detections.editing.rules import Edit, create_rule, retire_rule, revive_rule, save_rule, tag_rule
from detections.editing.versions import restore
from detections.importing.batch import BatchWriter
from detections.importing.renormalization import renormalize
from detections.importing.sources import count_again
from detections.models import Reader, Rule, RuleDraft, RuleVersion, Source, Technique
from detections.statistics.retrying import retried
from detections.vendors import VENDORS
from detections.vendors.vendor import ReadWith
from tests.guide.random_catalog import SlowCount

IDS = [f"{digit}0000000-0000-4000-8000-000000000000" for digit in "1234"]
IMAGES = ("a.exe", "A.EXE", "b.exe", "c.exe")
USERS = ("SYSTEM", "root")
TAGS = ("t1059", "t1059.001", "t1105")
SOURCES = {"upstream": True, "team": False, "fork": False}


def write_sources() -> None:
    """A public source and two private ones in one format, the techniques of the tags, and every second rule."""
    for slug, public in SOURCES.items():
        Source.objects.create(slug=slug, vendor="sigma", name=slug, public=public)
    for tag in TAGS:
        Technique.objects.create(attack_id=tag.upper(), name=tag)
    for number, own_id in enumerate(IDS):
        if number % 2:
            create_rule(Source.objects.get(slug="upstream"), rule_text(own_id, "a.exe"), Overrides(), "", None)


def rule_text(own_id: str, image: str, user: str = "SYSTEM", tag: str = "t1059") -> str:
    """A rule that checks an image, twice in other letters, and excludes a user and an image."""
    return (
        f"title: A rule\nid: {own_id}\nstatus: test\nlevel: medium\nauthor: Somebody\ntags: [attack.{tag}]\n"
        "logsource: {product: windows, category: process_creation}\n"
        f"detection:\n  selection:\n    Image|endswith: ['\\{image}', '\\{image.upper()}']\n"
        f"  filter_main:\n    User: {user}\n    Image|endswith: '\\b.exe'\n"
        "  condition: selection and not filter_main\n"
    )


# --- what staff do ----------------------------------------------------------------------------------------------


class Staff:
    """One who changes the catalog at random. What is refused (a conflict, nothing changed) is no error."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.done: dict[str, int] = {}
        self.refused = 0

    def act(self, name: str) -> None:
        try:
            getattr(self, name)()
        except EditError:
            self.refused += 1
        else:
            self.done[name] = self.done.get(name, 0) + 1

    def edit(self) -> None:
        self._on_a_rule(lambda rule: save_rule(rule, self._edit(rule, self._text(rule.own_id)), None))

    def lay_over(self) -> None:
        """A rule's lifecycle and techniques in staff's own words."""
        lifecycle = self.random.choice([None, "deprecated", "live"])
        words = Overrides(lifecycle=lifecycle, techniques=self.random.choice([None, (), ("T1105",)]))
        self._on_a_rule(lambda rule: save_rule(rule, Edit(rule.text.text, words, "", rule.version), None))

    def retire(self) -> None:
        self._on_a_rule(lambda rule: retire_rule(rule, rule.version, "", None))

    def revive(self) -> None:
        self._on_a_rule(lambda rule: revive_rule(rule, rule.version, "", None))

    def tag(self) -> None:
        self._on_a_rule(lambda rule: tag_rule(rule, self.random.choice(TAGS).upper(), rule.version, "", None))

    def restore(self) -> None:
        self._on_a_rule(lambda rule: restore(rule, self.random.randint(1, rule.version), rule.version, "", None))

    def draft(self) -> None:
        """A text that does not parse: it is refused as an edit and counts nowhere as a draft."""
        self._on_a_rule(self._draft)

    def upload(self) -> None:
        """A rule into any source: a copy where a public one has the id, an original where only private ones have."""
        source = Source.objects.get(slug=self.random.choice(list(SOURCES)))
        text = self._text(self.random.choice(IDS))
        create_rule(source, text, Overrides(), "", None, origin=RuleVersion.Origin.UPLOAD)

    def sync(self) -> None:
        """A batch of two files, in either order, of which one may be empty: then its rule is retired."""
        source = Source.objects.get(slug=self.random.choice(list(SOURCES)))
        files = [self._file(own_id) for own_id in self.random.sample(IDS, 2)]
        techniques = Technique.objects.in_force_by_written_id()
        retried(BatchWriter(source, techniques, frozenset(), count=True).write)(files)

    def read_again(self) -> None:
        renormalize(Rule.objects.order_by("?").values_list("pk", flat=True)[:2])

    def publish(self) -> None:
        """A source is shown to everybody or no more, as the admin does it."""
        self._publish(self.random.choice(list(SOURCES)), self.random.random() < 0.5)

    @staticmethod
    @retried
    @transaction.atomic
    def _publish(slug: str, public: bool) -> None:
        Source.objects.filter(slug=slug).update(public=public)
        count_again(public_changed=True)

    def _on_a_rule(self, change: Callable[[Rule], object]) -> None:
        rules = list(Rule.objects.select_related("source", "text").order_by("source__slug", "own_id"))
        if rules:
            change(self.random.choice(rules))

    def _draft(self, rule: Rule) -> None:
        broken = self._edit(rule, self._text(rule.own_id).replace("and not", "and and not"))
        try:
            save_rule(rule, broken, None)
        except NotSavableError:
            save_draft(rule.source, broken, None, rule)
        else:
            raise AssertionError("A text that does not parse was saved as a rule.")

    @staticmethod
    def _edit(rule: Rule, text: str) -> Edit:
        return Edit(text, Overrides.of_json(rule.overrides), "", rule.version)

    def _text(self, own_id: str) -> str:
        return rule_text(own_id, *map(self.random.choice, (IMAGES, USERS, TAGS)))

    def _file(self, own_id: str) -> FileRow:
        path = f"rules/{own_id[0]}.yml"
        if self.random.random() < 0.3:
            return FileRow(path, "", "[]", ())
        reading = VENDORS["sigma"].read(self._text(own_id), path, ReadWith())
        rows = tuple(rule_row(analyse(document)) for document in reading.documents)
        return FileRow(path, "", problems_json(reading.problems), rows)


ACTS = ("edit", "lay_over", "retire", "revive", "tag", "restore", "draft", "upload", "sync", "read_again", "publish")


# --- what is true -----------------------------------------------------------------------------------------------


class TrueCount(SlowCount):
    """The slow count without copies, which it finds itself."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        public = {
            (rule.source.vendor, rule.own_id)
            for rule in Rule.objects.filter(lifecycle="live").select_related("source")
            if rule.source.public
        }
        self.rules = {
            pk: rule
            for pk, rule in self.rules.items()
            if rule.source.public or (rule.source.vendor, rule.own_id) not in public
        }

    def figures(self, key: str) -> tuple[int, int, int]:
        """Exact, excluded and equivalent reach."""
        uses = [{pk for pk in self.rules if any(use[:2] == (flag, key) for use in self.uses[pk])} for flag in (0, 1)]
        return len(uses[0]), len(uses[1]), self.equivalent(key)

    def techniques(self) -> dict[int, int]:
        found = {technique.pk: len(self.under(technique, rollup=False)) for technique in Technique.objects.all()}
        return {pk: number for pk, number in found.items() if number}


def wrong_figures() -> list[str]:
    """Where the figures that readers are shown are not the true ones; empty when all are right."""
    from detections.guide.counts import rules_by_technique
    from detections.guide.indicator import reach_of
    from detections.models import Indicator

    wrong = []
    for reader in (Reader.ANONYMOUS, Reader.MEMBER):
        true = TrueCount(reader)
        shown = reach_of(Indicator.objects.values_list("key", flat=True), reader)
        for key, reach in shown.items():
            if (reach.exact, reach.excluded, reach.equivalent) != true.figures(key):
                wrong.append(f"{reader.name} {Indicator.objects.get(key=key)}: {reach}, true {true.figures(key)}")
        counts = rules_by_technique(Rule.objects.visible_to(reader).live(), False)
        if {pk: number for pk, number in counts.items() if number} != true.techniques():
            wrong.append(f"{reader.name}: techniques {dict(counts)}, true {true.techniques()}")
    if RuleDraft.objects.filter(problems=[]).exists():
        wrong.append("a draft that parses")
    return wrong

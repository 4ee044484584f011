"""Names of fields in Sigma, ECS and CIM: published ones, what rules write decides, counts stay."""

from __future__ import annotations

from detections.guide.naming import NAMESPACES, ShownName, shown_names
from detections.models import Reader, Rule, RuleName
from detections.normalization.catalogue import Alias, Catalogue, Field, base_catalogue
from tests.pages import rows

ANONYMOUS, MEMBER = Reader.ANONYMOUS, Reader.MEMBER


def shown(
    namespace: str, *fields: str, rules: object = None, catalogue: Catalogue | None = None
) -> dict[str, ShownName]:
    here = Rule.objects.none() if rules is None else rules
    return shown_names(namespace, fields, here, ANONYMOUS, (catalogue or base_catalogue()).aliases)


def writes(name: str, canonical: str, number: int = 1, at: str = "elastic", public: bool = True) -> list[Rule]:
    source = rows.source(at, public=public)
    source.vendor = "elastic" if at not in ("sigma", "splunk") else at
    source.save()
    found = [rows.rule(f"{at} {name} {place}", [], at=source) for place in range(number)]
    for rule in found:
        RuleName.objects.create(rule=rule, name=name, canonical=canonical)
    return found


def test_canonical_names_are_nothing_to_look_up(db: None, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert shown("canonical", "Image") == {} == shown("", "Image")


def test_without_rules_the_name_of_the_whole_value_stands(db: None) -> None:
    assert shown("ecs", "Image", "CommandLine") == {
        "Image": ShownName("process.executable"),
        "CommandLine": ShownName("process.command_line"),
    }
    assert shown("sigma", "Image", "EventType")["EventType"] == ShownName("EventType")


def test_a_field_without_a_name_keeps_the_canonical_one_and_says_so(db: None) -> None:
    assert shown("cim", "no.such.field") == {"no.such.field": ShownName("no.such.field", published=False)}


def test_what_most_rules_write_decides_and_the_techniques_rules_before_all(db: None) -> None:
    writes("process.name", "Image", 3)
    (mine,) = writes("process.executable", "Image")
    assert shown("ecs", "Image")["Image"] == ShownName("process.name", "base")
    here = Rule.objects.filter(pk=mine.pk)
    assert shown("ecs", "Image", rules=here)["Image"] == ShownName("process.executable")


def test_marks_around_a_written_name_are_no_other_name(db: None) -> None:
    writes("?process.executable", "Image", 2)
    writes("process.executable.caseless", "Image", 2)
    writes("process.name", "Image", 3)
    assert shown("ecs", "Image")["Image"].text == "process.executable"


def test_a_name_is_spelled_as_rules_spell_it(db: None) -> None:
    catalogue = Catalogue({"User": Field("User")}, (Alias("User", "sigma", "USER"),))
    assert shown("sigma", "User", catalogue=catalogue)["User"].text == "USER"
    writes("User", "User", 2, at="sigma")
    assert shown("sigma", "User", catalogue=catalogue)["User"].text == "User"


def test_names_that_only_private_rules_write_decide_nothing_for_others(db: None) -> None:
    writes("process.executable", "Image")
    writes("process.name", "Image", 5, at="team", public=False)
    assert shown("ecs", "Image")["Image"].text == "process.executable"
    member = shown_names("ecs", ["Image"], Rule.objects.none(), MEMBER, base_catalogue().aliases)
    assert member["Image"].text == "process.name"


def test_every_canonical_field_has_a_shown_name_in_every_namespace(db: None) -> None:
    fields = base_catalogue().fields
    for namespace in NAMESPACES[1:]:
        found = shown(namespace, *fields)
        assert set(found) == set(fields) and all(name.text for name in found.values())

"""Tables that contradict themselves are refused with file and line."""

from pathlib import Path

import pytest

from detections.normalization.catalogue import (
    TABLES,
    Alias,
    CatalogueError,
    Field,
    base_catalogue,
    load_catalogue,
)
from detections.normalization.synonyms import load_synonyms, meaning

FIELDS = "canonical,type,group,description,role\nImage,path,process,Program.,filter\n"
ALIASES = "canonical,vendor,name,category,case_sensitive,form,source,note\nImage,ecs,process.name,,,base,here,\n"


def write(folder: Path, fields: str = FIELDS, aliases: str = ALIASES) -> Path:
    (folder / "fields.csv").write_text(fields)
    (folder / "field_aliases.csv").write_text(aliases)
    return folder


def test_the_products_own_tables_are_sound() -> None:
    catalogue = base_catalogue()
    assert catalogue.field("Image").type == "path"
    assert catalogue.field("event.dataset").role == "scope"
    assert {field.role for field in catalogue.fields.values()} == {"filter", "scope"}
    assert catalogue.digest == load_catalogue(TABLES).digest


@pytest.mark.parametrize(
    ("fields", "aliases", "place"),
    [
        (FIELDS + "Image,path,process,Again.,filter\n", ALIASES, "fields.csv:3"),
        (FIELDS + "Other,shape,process,What.,filter\n", ALIASES, "fields.csv:3"),
        (FIELDS + "Other,path,process,What.,maybe\n", ALIASES, "fields.csv:3"),
        (FIELDS, ALIASES + "Nowhere,ecs,x,,,,here,\n", "field_aliases.csv:3"),
        (FIELDS, ALIASES + "Image,ecs,process.name,,,,here,\n", "field_aliases.csv:3"),
        (FIELDS, ALIASES + "Image,nobody,x,,,,here,\n", "field_aliases.csv:3"),
        (FIELDS, ALIASES + "Image,ecs,x,nothing,,,here,\n", "field_aliases.csv:3"),
        (FIELDS, ALIASES + "Image,ecs,x,,,half,here,\n", "field_aliases.csv:3"),
        (FIELDS, ALIASES + "Image,ecs,x,,\n", "field_aliases.csv:3"),
        (FIELDS, ALIASES + "Image,ecs,x,,no,,here,\n", "field_aliases.csv:3"),
        (FIELDS, ALIASES + "Image,ecs,Process.Name,,,,here,\n", "field_aliases.csv:3: .* differ by case only"),
        (FIELDS, ALIASES + 'Image,ecs,"x\n', "field_aliases.csv: the table is no CSV"),
        ("canonical,type\nImage,path\n", ALIASES, "fields.csv:1: the header has to be canonical,type,group"),
        (FIELDS, "", "field_aliases.csv:1: the header"),
    ],
)
def test_a_broken_table_is_named_with_its_line(tmp_path: Path, fields: str, aliases: str, place: str) -> None:
    with pytest.raises(CatalogueError, match=place):
        load_catalogue(write(tmp_path, fields, aliases))


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"fields\.csv: the table cannot be read"):
        load_catalogue(tmp_path)


def test_names_may_differ_by_case_when_one_is_marked_or_both_mean_the_same(tmp_path: Path) -> None:
    same = "Image,ecs,Process.Name,,,base,here,\n"
    marked = "Image,ecs,PROCESS.NAME,,yes,,here,\n"
    catalogue = load_catalogue(write(tmp_path, FIELDS, ALIASES + same + marked))
    assert len(catalogue.aliases) == 3
    assert [alias.name for alias in catalogue.folded["ecs", "process.name"]] == ["process.name", "Process.Name"]


def test_every_row_of_the_tables_says_where_it_comes_from() -> None:
    assert [alias for alias in base_catalogue().aliases if not alias.source] == []


def test_a_name_that_no_table_holds_is_a_keyword_to_filter_on() -> None:
    assert base_catalogue().field("no.such.field") == Field("no.such.field", "keyword", "other", "", "filter")


def test_a_sites_rows_replace_and_add() -> None:
    base = base_catalogue()
    own = Alias("Image", "ecs", "process.name", form="")
    site = base.merged([Field("Ours", "path")], [own, Alias("Ours", "sigma", "OurPath")])
    assert site.field("Ours").type == "path"
    assert [alias for alias in site.exact["ecs", "process.name"] if not alias.category] == [own]
    assert len(site.aliases) == len(base.aliases) + 1
    assert len({base.digest, site.digest, base.merged([Field("Ours", "path")]).digest}) == 3
    assert base.merged() is base


def test_a_sites_rows_may_not_contradict_the_tables() -> None:
    with pytest.raises(CatalogueError, match="differ by case only"):
        base_catalogue().merged(aliases=[Alias("CommandLine", "ecs", "Process.Name")])


SYNONYMS = "canonical,form,value,means,source\nLogonType,,network,3,here\n"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("Nowhere,,x,y,here\n", "value_synonyms.csv:3: 'Nowhere' is no canonical field"),
        ("LogonType,,network,4,here\n", "value_synonyms.csv:3: 'network' stands twice"),
        ("LogonType,,Batch,4,here\n", "value_synonyms.csv:3: 'Batch' has to be a value in lower case"),
        ("LogonType,,batch,,here\n", "value_synonyms.csv:3: '' has to be"),
        ("LogonType,half,batch,4,here\n", "value_synonyms.csv:3: 'half' is no form"),
    ],
)
def test_a_broken_table_of_synonyms_is_named_with_its_line(tmp_path: Path, row: str, said: str) -> None:
    file = tmp_path / "value_synonyms.csv"
    file.write_text(SYNONYMS)
    assert load_synonyms(tmp_path) == {("LogonType", "", "network"): "3"}
    file.write_text(SYNONYMS + row)
    with pytest.raises(CatalogueError, match=said):
        load_synonyms(tmp_path)


def test_a_synonym_may_belong_to_one_form_only() -> None:
    assert meaning("EventType", "registry", "modified") == "setvalue"
    assert meaning("EventType", "", "modified") == "modified"
    assert meaning("LogonType", "", "network") == meaning("LogonType", "base", "network") == "3"

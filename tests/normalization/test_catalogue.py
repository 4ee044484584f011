"""Tables that contradict themselves are refused with file and line."""

from pathlib import Path

import pytest

from detections.normalization.catalogue import TABLES, CatalogueError, base_catalogue, load_catalogue

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
        (FIELDS, ALIASES + "Image,ecs,Process.Name,,,,here,\n", "differ by case only"),
    ],
)
def test_a_broken_table_is_named_with_its_line(tmp_path: Path, fields: str, aliases: str, place: str) -> None:
    with pytest.raises(CatalogueError, match=place):
        load_catalogue(write(tmp_path, fields, aliases))

"""The full-text index: a virtual table of FTS5 on SQLite, a table with a text vector on PostgreSQL."""

import django.db.models.deletion
from django.core.management.base import CommandError
from django.db import OperationalError, migrations, models

import detections.models.search

TABLE = "detections_searchedtext"
CREATE = {
    "sqlite": (
        f"CREATE VIRTUAL TABLE {TABLE} USING fts5(title, tags, description, query, tokenize = 'unicode61 remove_diacritics 0', prefix = '3')",
        f"INSERT INTO {TABLE} ({TABLE}, rank) VALUES ('rank', 'bm25(10.0, 5.0, 3.0, 1.0)')",
    ),
    "postgresql": (
        f"CREATE TABLE {TABLE} (rowid bigint PRIMARY KEY REFERENCES detections_rule (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, {TABLE} tsvector)",
        f"CREATE INDEX {TABLE}_words ON {TABLE} USING gin ({TABLE})",
    ),
}


def create(apps, schema_editor):
    try:
        for statement in CREATE[schema_editor.connection.vendor]:
            schema_editor.execute(statement)
    except OperationalError as error:
        if "no such module" not in str(error):
            raise
        raise CommandError(
            "This SQLite was built without FTS5, which the search needs. Use a Python whose SQLite has it (those of "
            "python.org, Debian, Ubuntu, Fedora, Homebrew and Docker's python images do), or PostgreSQL: set "
            "DATABASE_URL. Nothing was changed."
        ) from error


def drop(apps, schema_editor):
    schema_editor.execute(f"DROP TABLE {TABLE}")


def accelerate(apps, schema_editor):
    detections.models.search.accelerate(schema_editor.connection)


def decelerate(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS detections_indicator_trigrams")


def fill(apps, schema_editor):
    texts = detections.models.search.SearchedText.objects.using(schema_editor.connection.alias)
    texts.follow(apps.get_model("detections", "Rule").objects.using(schema_editor.connection.alias).values_list("pk", flat=True))


class Migration(migrations.Migration):

    dependencies = [
        ("detections", "0004_generation_changed_at"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="SearchedText",
                    fields=[
                        ("rule", models.OneToOneField(db_column="rowid", on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="searched", serialize=False, to="detections.rule")),
                        ("index", detections.models.search.SearchIndexField(db_column=TABLE, null=True, serialize=False)),
                    ],
                    options={"db_table": TABLE},
                ),
            ],
            database_operations=[migrations.RunPython(create, drop)],
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(accelerate, decelerate),
        migrations.RemoveConstraint(model_name="run", name="one_active_run_per_kind"),
        migrations.AlterField(
            model_name="run",
            name="kind",
            field=models.CharField(choices=[("sync_source", "sync of a source"), ("sync_attack", "sync of ATT&CK"), ("recompute", "recomputation"), ("renormalize", "renormalization"), ("purge", "purge"), ("refresh_search", "refresh of the search index")], max_length=20),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(condition=models.Q(("kind__in", ["recompute", "sync_attack", "renormalize", "purge", "refresh_search"]), ("state__in", ["queued", "running"])), fields=("kind",), name="one_active_run_per_kind"),
        ),
    ]

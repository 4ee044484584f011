"""What indicators keep of their own tests: the program that one names, and why an attacker can satisfy it."""

from django.db import migrations, models

from detections.normalization.marks import marks_digest, marks_of


def mark(apps, schema_editor):
    rows = apps.get_model("detections", "Indicator").objects.values_list("key", "field", "operator", "value", "wild")
    marked = [(*marks_of(*test, wild=wild), key) for key, *test, wild in rows]
    with schema_editor.connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE detections_indicator SET program = %s, satisfiable = %s WHERE key = %s",
            [row for row in marked if row[0] or row[1]],
        )
    Generation = apps.get_model("detections", "Generation")
    Generation.objects.update(marked_with=marks_digest(), number=models.F("number") + 1)


class Migration(migrations.Migration):
    dependencies = [("detections", "0005_full_text_search")]

    operations = [
        migrations.AddField(
            model_name="indicator",
            name="program",
            field=models.CharField(blank=True, default="", help_text="The program that it names, if any.", max_length=100),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="indicator",
            name="satisfiable",
            field=models.CharField(
                blank=True, default="", help_text="Why an attacker can satisfy it, if one can.", max_length=20
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="generation",
            name="marked_with",
            field=models.CharField(
                blank=True, default="", help_text="What indicators are marked by, as a digest.", max_length=16
            ),
            preserve_default=False,
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]

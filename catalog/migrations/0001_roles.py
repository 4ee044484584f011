from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

from catalog.roles import grant

HOLDERS = ("auth", "admin", "detections")


def make_roles(apps, schema_editor):
    """The groups with their permissions. Django writes permissions only after the last migration: not soon enough."""
    using = schema_editor.connection.alias
    for label in HOLDERS:
        create_permissions(installed.get_app_config(label), verbosity=0, interactive=False, using=using, apps=apps)
    grant(apps, using)


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("detections", "0002_living_catalog"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]

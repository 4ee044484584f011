from django.db import migrations

from catalog.roles import make_roles


class Migration(migrations.Migration):
    """Editors upload rules: their role has the permissions of the new table."""

    dependencies = [("catalog", "0001_roles"), ("detections", "0003_uploads")]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]

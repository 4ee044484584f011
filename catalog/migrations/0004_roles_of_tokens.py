from django.db import migrations

from catalog.roles import make_roles


class Migration(migrations.Migration):
    """Administrators see and end everybody's tokens."""

    dependencies = [("catalog", "0003_api_tokens"), ("detections", "0003_uploads")]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]

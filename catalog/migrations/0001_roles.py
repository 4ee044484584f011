from django.db import migrations

from catalog.roles import make_roles


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("detections", "0002_living_catalog"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]

"""On PostgreSQL a membership's cohort is held to be its group's by a composite foreign key."""

from django.db import migrations

FORWARD = [
    "ALTER TABLE cohorts_group ADD CONSTRAINT group_with_cohort UNIQUE (id, cohort_id)",
    "ALTER TABLE cohorts_membership ADD CONSTRAINT membership_cohort_is_the_groups "
    "FOREIGN KEY (group_id, cohort_id) REFERENCES cohorts_group (id, cohort_id) "
    "ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED",
]
BACKWARD = [
    "ALTER TABLE cohorts_membership DROP CONSTRAINT membership_cohort_is_the_groups",
    "ALTER TABLE cohorts_group DROP CONSTRAINT group_with_cohort",
]


def run(statements):
    def apply(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement)

    return apply


class Migration(migrations.Migration):
    dependencies = [("cohorts", "0001_initial")]

    operations = [migrations.RunPython(run(FORWARD), run(BACKWARD))]

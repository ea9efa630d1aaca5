from django.db import migrations

# A row of a table that named a group queued for a member of it, and did not say so. Of what two members were
# given the first one's counts for the group; what was withdrawn counts for none.
GROUP_OF_EARLIER = """
UPDATE routing_delivery AS delivery SET "group" = earlier."group"
FROM (
    SELECT DISTINCT ON (destination."group", given.sop_instance_uid) given.id, destination."group"
    FROM routing_delivery AS given
    JOIN routing_destination AS destination ON destination.id = given.destination_id
    JOIN routing_routingdecision AS decision ON decision.id = given.decision_id
    WHERE given."group" = '' AND destination."group" <> '' AND given.state <> 'cancelled'
        AND jsonb_typeof(decision.actions) = 'array'
        AND decision.actions @> jsonb_build_array(jsonb_build_object('destination', destination."group"))
        AND NOT EXISTS (
            SELECT 1 FROM routing_delivery AS known
            WHERE known."group" = destination."group" AND known.sop_instance_uid = given.sop_instance_uid
                AND known.state <> 'cancelled')
    ORDER BY destination."group", given.sop_instance_uid, given.id
) AS earlier
WHERE delivery.id = earlier.id
"""


class Migration(migrations.Migration):
    """Deliveries queued before groups outlived their members belong to the group their row named."""

    dependencies = [
        ("routing", "0006_objects_in_the_air"),
    ]

    operations = [
        migrations.RunSQL(GROUP_OF_EARLIER, migrations.RunSQL.noop),
    ]

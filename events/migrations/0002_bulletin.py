from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Bulletin',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('news', models.JSONField()),
                ('trace_id', models.UUIDField()),
                ('published_at', models.DateTimeField()),
                ('next_attempt_at', models.DateTimeField()),
            ],
        ),
    ]

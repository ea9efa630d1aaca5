from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('hl7', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='link',
            name='mapping_script',
            field=models.CharField(blank=True, default='', max_length=75),
        ),
        migrations.AddField(
            model_name='messagelog',
            name='mapped_by',
            field=models.CharField(blank=True, default='', max_length=75),
        ),
    ]

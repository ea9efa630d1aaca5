"""The database itself keeps the audit trail append-only: rows are sealed once and never otherwise changed."""

from django.db import migrations

GUARD = """
CREATE FUNCTION accounts_guard_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND OLD.position IS NULL AND OLD.digest = ''
        AND NEW.position > 0 AND NEW.digest ~ '^[0-9a-f]{64}$'
        AND to_jsonb(NEW) - 'position' - 'digest' = to_jsonb(OLD) - 'position' - 'digest'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit trail is append-only: % refused', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER audit_rows_stay BEFORE UPDATE OR DELETE ON accounts_auditevent
    FOR EACH ROW EXECUTE FUNCTION accounts_guard_audit();

CREATE TRIGGER audit_table_stays BEFORE TRUNCATE ON accounts_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_guard_audit();
"""

UNGUARD = """
DROP TRIGGER audit_table_stays ON accounts_auditevent;
DROP TRIGGER audit_rows_stay ON accounts_auditevent;
DROP FUNCTION accounts_guard_audit();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]

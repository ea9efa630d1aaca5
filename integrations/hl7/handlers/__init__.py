"""One file per trigger event; importing this package registers them all."""

from integrations.hl7.handlers import adt_patient, omi_imaging_order, orm_order

__all__ = ["adt_patient", "omi_imaging_order", "orm_order"]

"""DICOM JSON of whole series, kept ready to be sent (PS3.18 §F)."""

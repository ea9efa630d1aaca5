"""DICOMweb: what web clients ask for and send (PS3.18)."""

"""The diagnostic viewer: OHIF on our DICOMweb, opened from cases, studies and patients."""

"""DICOM queries over the index: keys in, rows out, one statement a request. DIMSE and DICOMweb are its edges.

`requests.py` says what may be asked, `catalogue.py` which attribute is which column, `matching.py` how a
key matches (`fuzzy.py`: a name, if asked to), `statement.py` puts the statement together, `search.py` runs
it.

Reference  PS3.4 §C.2.2.2 (matching), §C.4.1 (C-FIND), §C.6 (models)
"""

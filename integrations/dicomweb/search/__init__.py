"""The Search transaction: studies, series and instances by their attributes.

`parameters.py` reads what is asked, `resources.py` says what each resource answers, `answers.py` writes rows of the
index as DICOM JSON, `views.py` is the edge.

Reference  PS3.18 §10.6 (Search), §8.3.4 (query parameters)
"""

"""Body-like CT and MR volumes with closed-form answers, written as DICOM series.

Everything the product measures is measured against these: vessels of known diameter, calcifications of
known mass, nodules of known volume. numpy and pydicom only, so simulators and benchmarks may use them.
"""

"""The DICOM listener."""

from __future__ import annotations

import environ

env = environ.Env()

DICOM_AE_TITLE = env.str("DICOM_AE_TITLE", "CONSILIUM")
DICOM_HOST = env.str("DICOM_HOST", "127.0.0.1")
DICOM_PORT = env.int("DICOM_PORT", 11112)
DICOM_PROCESSES = env.int("DICOM_PROCESSES", 2)
DICOM_QUIET_SECONDS = env.float("DICOM_QUIET_SECONDS", 5.0)
# Images rejected for quality reasons (IHE IOCM) stay visible where this is set; for all other reasons they never do.
DICOM_SHOW_QUALITY_REJECTED = env.bool("DICOM_SHOW_QUALITY_REJECTED", False)
DICOM_THIN_SLICE_MM = env.float("DICOM_THIN_SLICE_MM", 1.5)
# TLS (PS3.15 §B): the secure port opens when certificate, key and authorities are named, all as PEM files.
DICOM_TLS_PORT = env.int("DICOM_TLS_PORT", 2762)
DICOM_TLS_CERTIFICATE = env.str("DICOM_TLS_CERTIFICATE", "")
DICOM_TLS_KEY = env.str("DICOM_TLS_KEY", "")
DICOM_TLS_CA = env.str("DICOM_TLS_CA", "")
DICOM_TLS_CLIENT_CERTIFICATES = env.str("DICOM_TLS_CLIENT_CERTIFICATES", "required")
# What the listener takes beyond the standard's storage classes and transfer syntaxes; "1.3.46.*" stands for a prefix.
DICOM_PRIVATE_SOP_CLASSES = env.list("DICOM_PRIVATE_SOP_CLASSES", default=[])
DICOM_PRIVATE_TRANSFER_SYNTAXES = env.list("DICOM_PRIVATE_TRANSFER_SYNTAXES", default=[])
DICOM_LARGEST_OBJECT_MIB = env.int("DICOM_LARGEST_OBJECT_MIB", 8192)
DICOM_ASSOCIATIONS_PER_ADDRESS = env.int("DICOM_ASSOCIATIONS_PER_ADDRESS", 24)
# How much one query may answer, and one retrieval send.
DICOM_FIND_AT_MOST = env.int("DICOM_FIND_AT_MOST", 1_000_000)
DICOM_RETRIEVE_AT_MOST = env.int("DICOM_RETRIEVE_AT_MOST", 200_000)
# What one STOW-RS request may hold.
STOW_LARGEST_REQUEST_MIB = env.int("STOW_LARGEST_REQUEST_MIB", 32 << 10)
STOW_MOST_PARTS = env.int("STOW_MOST_PARTS", 20_000)
# How long one may take, how long its client may be silent, and how slowly it may send: it holds a web thread.
STOW_LONGEST_S = env.int("STOW_LONGEST_S", 4 * 3600)
STOW_PATIENCE_S = env.float("STOW_PATIENCE_S", 30.0)
STOW_LEAST_KIB_PER_S = env.int("STOW_LEAST_KIB_PER_S", 16)
# How long a workitem that is completed or canceled can still be retrieved.
WORKITEMS_KEPT_DAYS = env.int("WORKITEMS_KEPT_DAYS", 30)

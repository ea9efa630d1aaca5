"""Data sets answered as XML: a part for each, or one by itself.

Reference  PS3.18 §8.7.3.2 (application/dicom+xml), §8.6.1.2 (multipart payloads), PS3.19 §A.1
"""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpResponseBase

from archive.studies.metadata.native_xml import Model, native_xml
from integrations.dicomweb.errors import NotAcceptable
from integrations.dicomweb.media_types import DICOM_XML, MULTIPART_DICOM_XML, MediaType
from integrations.dicomweb.multipart import Part, multipart_stream
from integrations.dicomweb.retrieve.single_part import single_part

XML_OFFERS = (MULTIPART_DICOM_XML, DICOM_XML)


def is_xml(media: MediaType) -> bool:
    """Whether it is one of `XML_OFFERS` that was agreed on."""
    return media.part_type == DICOM_XML.type


def xml_answer(media: MediaType, models: Iterable[Model], *, count: int) -> HttpResponseBase:
    """The data sets in the media type agreed on, each put into XML when it is its turn.

    Raises  NotAcceptable if several are to go into a single part.
    """
    made = (Part(DICOM_XML, native_xml(model)) for model in models)
    if media.is_multipart:
        return multipart_stream(made, root=DICOM_XML)
    if count != 1:
        raise NotAcceptable(f"The resource is available as: {MULTIPART_DICOM_XML}")
    return single_part(next(made))

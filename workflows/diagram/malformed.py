"""Why a text is no XML: libxml2's code for it, in words of ours and the reader's language.

Reference  W3C XML 1.0 §2.1 (well-formed documents), Namespaces in XML 1.0 §5
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from lxml import etree

_CODES = etree.ErrorTypes
REASONS: dict[int, str | Promise] = {
    _CODES.ERR_ATTRIBUTE_NOT_FINISHED: gettext_lazy("the value of an attribute does not end"),
    _CODES.ERR_ATTRIBUTE_NOT_STARTED: gettext_lazy("the value of an attribute stands in no quotation marks"),
    _CODES.ERR_ATTRIBUTE_REDEFINED: gettext_lazy("an element has the same attribute twice"),
    _CODES.ERR_ATTRIBUTE_WITHOUT_VALUE: gettext_lazy("an attribute has no value"),
    _CODES.ERR_CDATA_NOT_FINISHED: gettext_lazy("a CDATA section does not end"),
    _CODES.ERR_COMMENT_NOT_FINISHED: gettext_lazy("a comment does not end"),
    _CODES.ERR_DOCUMENT_EMPTY: gettext_lazy("it does not begin with an element"),
    _CODES.ERR_DOCUMENT_END: gettext_lazy("something stands behind the end of its only element"),
    _CODES.ERR_ENTITYREF_SEMICOL_MISSING: gettext_lazy("an & that begins no entity is written as &amp;"),
    _CODES.ERR_GT_REQUIRED: gettext_lazy("a tag does not end"),
    _CODES.ERR_INVALID_CHAR: gettext_lazy("it has a character that XML does not have"),
    _CODES.ERR_LT_IN_ATTRIBUTE: gettext_lazy("a < in the value of an attribute is written as &lt;"),
    _CODES.ERR_NAME_REQUIRED: gettext_lazy("there is no name where one has to be, as after < and &"),
    _CODES.ERR_RESERVED_XML_NAME: gettext_lazy("the XML declaration stands at the very beginning"),
    _CODES.ERR_RESOURCE_LIMIT: gettext_lazy("it is too large, or its elements stand too deep in each other"),
    _CODES.ERR_SPACE_REQUIRED: gettext_lazy("there is no space between two attributes"),
    _CODES.ERR_TAG_NAME_MISMATCH: gettext_lazy("a tag ends an element that is not the one begun last"),
    _CODES.ERR_TAG_NOT_FINISHED: gettext_lazy("it ends before its elements do"),
    _CODES.ERR_UNDECLARED_ENTITY: gettext_lazy("an entity is not one of those XML has"),
    _CODES.NS_ERR_UNDEFINED_NAMESPACE: gettext_lazy("a prefix stands for no namespace"),
}


def malformed(error: etree.XMLSyntaxError | ValueError) -> str:
    """Where a text stops being XML, and why, where the parser says so."""
    if not isinstance(error, etree.XMLSyntaxError):  # half a surrogate pair: no text of any encoding
        return _("Not XML: %(reason)s") % {"reason": REASONS[_CODES.ERR_INVALID_CHAR]}
    line, column = error.position
    reason = REASONS.get(error.code) or _("it is not well-formed")
    place = {"reason": reason, "line": line, "column": column}
    return _("Not XML: %(reason)s, at line %(line)d, column %(column)d") % place

"""The resources of the service, their methods and what these take and give: the one place both descriptions come from.

Reference  PS3.18 Table H-1 (resources and methods), Tables 10.1.1-1 and 11.1.1-1
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from integrations.dicomweb.media_types import (
    DICOM,
    DICOM_JSON,
    DICOM_XML,
    GIF,
    JPEG,
    JSON,
    MULTIPART_DICOM,
    MULTIPART_DICOM_XML,
    MULTIPART_OCTET_STREAM,
    OCTET_STREAM,
    PNG,
    ZIP,
    MediaType,
    related,
)

_DATA_SETS = (DICOM_JSON, JSON, MULTIPART_DICOM_XML, DICOM_XML)
_ANY = MediaType("*/*")
_PICTURES = (JPEG, PNG, GIF)
_SEARCH = ("fuzzymatching", "includefield", "limit", "offset")
_RENDERING = ("annotation", "iccprofile", "quality", "viewport", "window")


@dataclass(frozen=True, slots=True)
class Method:
    """One transaction on a resource. `is_searched`: any attribute is a query parameter, as a matching key."""

    name: str
    id: str
    clause: str
    gives: tuple[MediaType, ...] = ()
    takes: tuple[MediaType, ...] = ()
    query: tuple[str, ...] = ()
    statuses: tuple[int, ...] = (200,)
    refusals: tuple[int, ...] = ()
    is_searched: bool = False

    @property
    def has_body(self) -> bool:
        """Whether a success has a payload."""
        return bool(self.gives)


@dataclass(frozen=True, slots=True)
class Resource:
    """A step of the path below its parent; `{...}` stands for a part the client fills in."""

    path: str
    methods: tuple[Method, ...] = ()
    children: tuple[Resource, ...] = ()

    def walk(self, before: str = "") -> Iterator[tuple[str, Resource]]:
        """This resource and all below it, each with its whole path."""
        path = f"{before}/{self.path}"
        yield path, self
        for child in self.children:
            yield from child.walk(path)


def _search(id_: str, clause: str = "§10.6") -> Method:
    return Method(
        "GET", id_, clause, _DATA_SETS, query=("accept", "charset", *_SEARCH), statuses=(200, 204),
        refusals=(404, 413), is_searched=True,
    )  # fmt: skip


def _retrieve(id_: str) -> Method:
    return Method(
        "GET",
        id_,
        "§10.4",
        (MULTIPART_DICOM, DICOM, ZIP, MULTIPART_OCTET_STREAM),
        query=("accept",),
        statuses=(200, 206),
        refusals=(404,),
    )


def _store(id_: str) -> Method:
    return Method(
        "POST", id_, "§10.5", (DICOM_JSON, JSON, DICOM_XML),
        (MULTIPART_DICOM, related(DICOM_JSON), MULTIPART_DICOM_XML, DICOM),
        ("accept", "site"), statuses=(200, 202), refusals=(408, 409, 413, 415),
    )  # fmt: skip


def _views(name: str) -> tuple[Resource, ...]:
    """What lies below a study, series, instance or frames: metadata apart, as frames have none."""
    rendered = (*_PICTURES, *map(related, _PICTURES), _ANY)
    return (
        Resource(
            "rendered",
            (
                Method(
                    "GET",
                    f"RetrieveRendered{name}",
                    "§10.4",
                    rendered,
                    query=("accept", *_RENDERING),
                    refusals=(404,),
                ),
            ),
        ),
        Resource(
            "thumbnail",
            (
                Method(
                    "GET",
                    f"Retrieve{name}Thumbnail",
                    "§10.4",
                    (JPEG, PNG),
                    query=("accept", "viewport"),
                    refusals=(404,),
                ),
            ),
        ),
    )


def _metadata(name: str) -> Resource:
    found = Method(
        "GET",
        f"Retrieve{name}Metadata",
        "§10.4",
        _DATA_SETS,
        query=("accept", "charset"),
        refusals=(404, 410),
    )
    return Resource("metadata", (found,))


def _bulk(name: str, *below: Resource) -> tuple[Resource, Resource]:
    """All bulk data and all pixel data of a study, series or instance."""
    values, pixels = (
        Method("GET", f"Retrieve{name}{kind}", "§10.4", (MULTIPART_OCTET_STREAM, _ANY), query=("accept",),
               statuses=(200, 206), refusals=(404,))
        for kind in ("Bulkdata", "PixelData")
    )  # fmt: skip
    return Resource("bulkdata", (values,), below), Resource("pixeldata", (pixels,))


_ONE_OR_MORE_FRAMES = Method(
    "GET", "RetrieveFrames", "§10.4", (MULTIPART_OCTET_STREAM, _ANY), query=("accept",), refusals=(404,)
)
_FRAMES = Resource("frames", (), (Resource("{frames}", (_ONE_OR_MORE_FRAMES,), _views("Frames")),))
_ONE_VALUE = Resource(
    "{bulkdata}",
    (Method("GET", "RetrieveBulkdata", "§10.4", (OCTET_STREAM, MULTIPART_OCTET_STREAM, _ANY), query=("accept",),
            statuses=(200, 206), refusals=(404, 416)),),
)  # fmt: skip
_INSTANCES = Resource(
    "instances", (_search("SearchForStudySeriesInstances"),),
    (Resource(
        "{instance}", (_retrieve("RetrieveInstance"),),
        (_metadata("Instance"), *_views("Instance"), _FRAMES, *_bulk("Instance", _ONE_VALUE)),
    ),),
)  # fmt: skip
_SERIES = Resource(
    "series", (_search("SearchForStudySeries"),),
    (Resource(
        "{series}", (_retrieve("RetrieveSeries"),),
        (_metadata("Series"), *_views("Series"), *_bulk("Series"), _INSTANCES),
    ),),
)  # fmt: skip
_STUDIES = Resource(
    "studies", (_search("SearchForStudies"), _store("StoreInstances")),
    (Resource(
        "{study}", (_retrieve("RetrieveStudy"), _store("StoreStudyInstances")),
        (
            _metadata("Study"), *_views("Study"), *_bulk("Study"), _SERIES,
            Resource("instances", (_search("SearchForStudyInstances"),)),
        ),
    ),),
)  # fmt: skip

_TAKEN = (DICOM_JSON, DICOM_XML, MULTIPART_DICOM_XML)
_ENDED = (404, 410)
_OF_CHANGES = (*_ENDED, 408, 409, 413, 415)


def _subscribers(name: str, query: tuple[str, ...], below: tuple[Resource, ...] = ()) -> Resource:
    made = Method(
        "POST", f"SubscribeTo{name}", "§11.10", query=query, statuses=(201,), refusals=(*_ENDED, 409)
    )
    gone = Method("DELETE", f"UnsubscribeFrom{name}", "§11.11", refusals=_ENDED)
    return Resource("subscribers", (), (Resource("{aetitle}", (made, gone), below),))


def _worklist(path: str, name: str, query: tuple[str, ...], *, is_searched: bool = False) -> Resource:
    suspended = Resource(
        "suspend", (Method("POST", f"Suspend{name}Subscription", "§11.12", refusals=_ENDED),)
    )
    resource = Resource(path, (), (_subscribers(name, query, (suspended,)),))
    if not is_searched:
        return resource
    (subscribers,) = resource.children
    (subscriber,) = subscribers.children
    filtered = tuple(replace(one, is_searched=one.name == "POST") for one in subscriber.methods)
    return replace(
        resource, children=(replace(subscribers, children=(replace(subscriber, methods=filtered),)),)
    )


_WORKITEM = Resource(
    "{workitem}",
    (
        Method("GET", "RetrieveWorkitem", "§11.5", _DATA_SETS, query=("accept", "charset"), refusals=_ENDED),
        Method("POST", "UpdateWorkitem", "§11.6", takes=_TAKEN, query=("transaction-uid",),
               refusals=_OF_CHANGES),
    ),
    (
        Resource("state", (
            Method("PUT", "ChangeWorkitemState", "§11.7", takes=_TAKEN, refusals=_OF_CHANGES),
        )),
        Resource("cancelrequest", (
            Method("POST", "RequestWorkitemCancellation", "§11.8", takes=_TAKEN, query=("requester",), statuses=(202,),
                   refusals=_OF_CHANGES),
        )),
        _subscribers("Workitem", ("deletionlock",)),
    ),
)  # fmt: skip
_WORKITEMS = Resource(
    "workitems",
    (
        replace(_search("SearchForWorkitems", "§11.9"), statuses=(200, 204, 206), refusals=(413,)),
        Method("POST", "CreateWorkitem", "§11.4", takes=_TAKEN, query=("workitem", "site"), statuses=(201,),
               refusals=(408, 409, 413, 415)),
    ),
    (
        _WORKITEM,
        _worklist("1.2.840.10008.5.1.4.34.5", "Worklist", ("deletionlock",)),
        _worklist("1.2.840.10008.5.1.4.34.5.1", "FilteredWorklist", ("deletionlock", "filter"), is_searched=True),
    ),
)  # fmt: skip

_URI_SERVICE = Resource(
    "wado",
    (
        Method(
            "GET", "RetrieveInstanceByURI", "§9", (*_PICTURES, DICOM, _ANY), refusals=(404,),
            query=(
                "requestType", "studyUID", "seriesUID", "objectUID", "contentType", "charset", "transferSyntax",
                "anonymize", "frameNumber", "annotation", "imageQuality", "rows", "columns", "region",
                "windowCenter", "windowWidth", "presentationSeriesUID", "presentationUID",
            ),
        ),
    ),
)  # fmt: skip

RESOURCES = (
    _STUDIES,
    Resource("series", (_search("SearchForSeries"),)),
    Resource("instances", (_search("SearchForInstances"),)),
    _WORKITEMS,
    _URI_SERVICE,
)

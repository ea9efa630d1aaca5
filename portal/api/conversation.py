"""What people say in a case, and the files they put into it."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api.authentication import person_of
from portal.api.errors import RefusalSerializer
from portal.api.parsing import KeptJSON
from portal.api.people import PersonBriefSerializer
from portal.attachments.answering import download, take_in
from workflows.models import Attachment, CaseComment, ProcessInstance
from workflows.people.attachments import attachments_of, visible_attachments
from workflows.people.comments import comments_of
from workflows.selectors import visible_cases, workable_tasks
from workflows.services import add_comment, remove_attachment

REFUSALS = {400: RefusalSerializer, 404: RefusalSerializer, 409: RefusalSerializer}


class CommentSerializer(serializers.ModelSerializer[CaseComment]):
    author = PersonBriefSerializer()

    class Meta:
        model = CaseComment
        fields = ("uid", "author", "text", "mentioned", "written_at")


class NewCommentSerializer(serializers.Serializer[Any]):
    """A colleague named as `@username` is told, if they may see the case."""

    text = serializers.CharField(trim_whitespace=False, allow_blank=True)


class AttachmentSerializer(serializers.ModelSerializer[Attachment]):
    case = serializers.UUIDField(source="instance.uid")
    added_by = PersonBriefSerializer()

    class Meta:
        model = Attachment
        fields = (
            "uid",
            "case",
            "task",
            "name",
            "content_type",
            "size_bytes",
            "sha256",
            "added_by",
            "added_at",
        )


class NewAttachmentSerializer(serializers.Serializer[Any]):
    """One file; `task` is the task it was added for."""

    file = serializers.FileField()
    task = serializers.UUIDField(required=False)


class CommentsView(APIView):
    """The conversation of a case the caller may see, oldest first."""

    parser_classes = (KeptJSON,)

    @extend_schema(operation_id="case_comments", responses=CommentSerializer(many=True))
    def get(self, request: Request, uid: uuid.UUID) -> Response:
        """What was written in the case."""
        return Response(CommentSerializer(comments_of(case_for(request, uid)), many=True).data)

    @extend_schema(request=NewCommentSerializer, responses={201: CommentSerializer, **REFUSALS})
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Write into the case."""
        said = NewCommentSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        comment = add_comment(case_for(request, uid), author=person_of(request), **said.validated_data)
        return Response(CommentSerializer(comment).data, status=201)


class AttachmentsView(APIView):
    """The files of a case the caller may see, in the order they came."""

    parser_classes = (MultiPartParser,)

    @extend_schema(operation_id="case_attachments", responses=AttachmentSerializer(many=True))
    def get(self, request: Request, uid: uuid.UUID) -> Response:
        """The files of the case."""
        return Response(AttachmentSerializer(attachments_of(case_for(request, uid)), many=True).data)

    @extend_schema(
        request={"multipart/form-data": NewAttachmentSerializer},
        responses={201: AttachmentSerializer, **REFUSALS},
    )
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Put a file into the case."""
        case, person = case_for(request, uid), person_of(request)
        wanted = NewAttachmentSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        task_uid = wanted.validated_data.get("task")
        tasks = workable_tasks(person).filter(instance=case)
        task = get_object_or_404(tasks, pk=task_uid) if task_uid else None
        made = take_in(case, person=person, uploaded=wanted.validated_data["file"], task=task)
        return Response(AttachmentSerializer(made).data, status=201)


class AttachmentView(APIView):
    """One file of a case the caller may see."""

    @extend_schema(responses={200: AttachmentSerializer, 404: RefusalSerializer})
    def get(self, request: Request, uid: uuid.UUID) -> Response:
        """What the file is."""
        return Response(AttachmentSerializer(attachment_for(request, uid)).data)

    @extend_schema(responses={204: None, **REFUSALS, 403: RefusalSerializer})
    def delete(self, request: Request, uid: uuid.UUID) -> Response:
        """Take a file that the caller added out of the case again."""
        remove_attachment(attachment_for(request, uid), person=person_of(request))
        return Response(status=204)


@method_decorator(never_cache, name="dispatch")
class AttachmentContentView(APIView):
    """The bytes of a file, always as a download."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, 404: RefusalSerializer})
    def get(self, request: Request, uid: uuid.UUID) -> FileResponse:
        """The file itself."""
        return download(attachment_for(request, uid), person_of(request))


def case_for(request: Request, uid: uuid.UUID) -> ProcessInstance:
    """A case the caller may see, or 404."""
    cases = visible_cases(person_of(request)).select_related("site").defer("state")
    return get_object_or_404(cases, uid=uid)


def attachment_for(request: Request, uid: uuid.UUID) -> Attachment:
    """A file of a case the caller may see, or 404."""
    return get_object_or_404(visible_attachments(person_of(request)).filter(removed_at=None), uid=uid)

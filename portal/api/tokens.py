"""The caller's own access tokens, as the page shows them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import AccessToken
from accounts.tokens import LONGEST, LONGEST_LABEL, issue_token, revoke_token, tokens_of
from portal.api.errors import RefusalSerializer
from portal.api.resource import UUID_PATTERN, Resource


class AccessTokenSerializer(serializers.ModelSerializer[AccessToken]):
    class Meta:
        model = AccessToken
        fields = ("uid", "label", "created_at", "expires_at", "last_used_at", "revoked_at")


class TokenWishSerializer(serializers.Serializer[Any]):
    label = serializers.CharField(max_length=LONGEST_LABEL)  # type: ignore[assignment]
    days = serializers.IntegerField(min_value=1, max_value=LONGEST.days, default=90)


class IssuedTokenSerializer(AccessTokenSerializer):
    """A new token with its secret, which is told this once."""

    secret = serializers.CharField(read_only=True)

    class Meta(AccessTokenSerializer.Meta):
        fields = (*AccessTokenSerializer.Meta.fields, "secret")  # type: ignore[assignment]


class AccessTokenViewSet(Resource[AccessToken]):
    """The tokens with which programs act as the caller, newest first."""

    queryset = AccessToken.objects.none()
    serializer_class = AccessTokenSerializer
    lookup_field = "uid"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[AccessToken]:
        return tokens_of(self.person)

    @extend_schema(
        request=TokenWishSerializer, responses={201: IssuedTokenSerializer, 409: RefusalSerializer}
    )
    def create(self, request: Request) -> Response:
        """Make a token."""
        wish = TokenWishSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        given = wish.validated_data
        token, secret = issue_token(self.person, label=given["label"], lasts=dt.timedelta(days=given["days"]))
        body = {**AccessTokenSerializer(token).data, "secret": secret}
        return Response(body, status=201, headers={"Cache-Control": "no-store"})

    def destroy(self, request: Request, uid: str) -> Response:
        """Take a token back."""
        revoke_token(self.person, uuid.UUID(uid))
        return Response(status=204)

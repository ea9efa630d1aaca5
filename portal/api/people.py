"""People as other resources name them."""

from __future__ import annotations

from rest_framework import serializers

from accounts.models import Membership, Person


class PersonBriefSerializer(serializers.ModelSerializer[Person]):
    class Meta:
        model = Person
        fields = ("uid", "username", "display_name", "display_name_zh", "title")


class MembershipSerializer(serializers.ModelSerializer[Membership]):
    site = serializers.CharField(source="site.code")

    class Meta:
        model = Membership
        fields = ("site", "role")


class MeSerializer(serializers.ModelSerializer[Person]):
    memberships = MembershipSerializer(many=True)

    class Meta:
        model = Person
        fields = (
            "uid", "username", "display_name", "display_name_zh", "title", "language", "theme", "memberships",
        )  # fmt: skip

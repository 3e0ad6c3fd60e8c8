"""Bodies, strictly: what the schema does not promise is an error, not a guess."""

from typing import Any, Final

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from ads.models import ClientPhone
from organizations.models import CampaignChange
from organizations.previews import MOST_PERMALINKS, Extra
from organizations.statuses import Severity, Status

MOST_ID: Final = 2**63 - 1  # bigint
NO_SUCH_FIELD = "Такого поля здесь нет"


class IdField(serializers.IntegerField):
    """A number above 0 that PostgreSQL has room for; no text, no fraction, no boolean."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=MOST_ID, **options)

    def to_internal_value(self, data: Any) -> int:
        """Fails with DRF's words."""
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    """true or false, not what resembles them."""

    def to_internal_value(self, data: Any) -> bool:
        """Fails with DRF's words."""
        if type(data) is not bool:
            self.fail("invalid", input=data)
        return data


class Body(serializers.Serializer[Any]):
    """What a request may hold: these fields and no others, so that a misspelt one is noticed."""

    def to_internal_value(self, data: Any) -> Any:
        """Raises ValidationError."""
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            raise ValidationError({name: [NO_SUCH_FIELD] for name in unknown})
        return super().to_internal_value(data)


class StrictInSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call] # registers itself
    """How the schema says it."""

    target_class = Body
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        """A component of the schema."""
        mapped = auto_schema._map_serializer(  # type: ignore[no-untyped-call]
            self.target, direction, bypass_extensions=True
        )
        return {**mapped, "additionalProperties": False}


class AskedSerializer(Body):
    """`fields`: what is told only where asked for."""

    permalinks = serializers.ListField(
        child=IdField(), min_length=1, max_length=MOST_PERMALINKS, allow_empty=False
    )
    fields = serializers.ListField(  # type: ignore[assignment] # DRF takes it off the class
        child=serializers.ChoiceField(choices=[each.value for each in Extra]),
        max_length=len(Extra),
        default=list,
    )


class WishSerializer(Body):
    """The whole of what is wanted: what is left out is not wanted. `permalink`: null to unlink.

    `client_phone_id`: the number in the ad, one of those offered; null for the organization's own.
    """

    permalink = IdField(allow_null=True)
    client_phone_id = IdField(allow_null=True, default=None)


class BannerWishSerializer(WishSerializer):
    """`prefer_vcard`: the banner's vCard goes before the organization."""

    prefer_vcard = FlagField(default=False)


class RefusalSerializer(serializers.Serializer[Any]):
    """Why it cannot be linked, and what to do about it (Russian)."""

    code = serializers.CharField()
    detail = serializers.CharField()
    details = serializers.DictField()


class ProblemSerializer(RefusalSerializer):
    """RFC 9457. `detail` is Russian and says what to do next; `details`: what it is about."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()


class PreviewSerializer(serializers.Serializer[Any]):
    """`severity`: green, yellow, red. `refusal`: null where it can be linked."""

    permalink = IdField()
    name = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(choices=[each.value for each in Status])
    severity = serializers.ChoiceField(choices=[each.value for each in Severity])
    phone = serializers.CharField(allow_null=True)
    address = serializers.CharField(allow_null=True)
    counter_id = serializers.IntegerField(allow_null=True)
    refusal = RefusalSerializer(allow_null=True)


class PreviewsSerializer(serializers.Serializer[Any]):
    """`not_found`: what the Directory does not know."""

    organizations = PreviewSerializer(many=True)
    not_found = serializers.ListField(child=IdField())


class CampaignLinkSerializer(serializers.Serializer[Any]):
    """`permalink`: null where nothing is linked. `chain_id`: 0 for none."""

    permalink = IdField(allow_null=True)
    chain_id = serializers.IntegerField(min_value=0)
    client_phone_id = IdField(allow_null=True)


class LinkSerializer(CampaignLinkSerializer):
    """The same of a banner."""

    prefer_vcard = serializers.BooleanField()


class ForecastSerializer(serializers.Serializer[Any]):
    """Numbers of banners. `changed` is the sum of the four; `kept`: keep another organization.

    `later`: a worker does it, and the answer to PUT or DELETE is 202.
    """

    banners = serializers.IntegerField()
    changed = serializers.IntegerField()
    linked = serializers.IntegerField()
    replaced = serializers.IntegerField()
    phones = serializers.IntegerField()
    unlinked = serializers.IntegerField()
    kept = serializers.IntegerField()
    later = serializers.BooleanField()


class ChangeSerializer(serializers.Serializer[Any]):
    """`id`: null where nothing was to be done. `reason` (Russian): why it failed.

    `banners`: so many have changed so far.
    """

    id = IdField(allow_null=True)
    cid = IdField()
    state = serializers.ChoiceField(choices=CampaignChange.State.values)
    permalink = IdField(source="to_permalink", allow_null=True)
    client_phone_id = IdField(source="to_phone", allow_null=True)
    banners = serializers.IntegerField()
    reason = serializers.CharField(allow_blank=True)


class RecommendationSerializer(serializers.Serializer[Any]):
    """An organization that the Directory's import has linked."""

    permalink = IdField()
    chain_id = serializers.IntegerField(min_value=0)


class RecommendationsSerializer(serializers.Serializer[Any]):
    """What was not rejected, and is not linked by hand already."""

    recommendations = RecommendationSerializer(many=True)


class PhoneSerializer(serializers.Serializer[Any]):
    """A number that may be shown beside the organization."""

    client_phone_id = IdField()
    kind = serializers.ChoiceField(choices=ClientPhone.Kind.values)
    number = serializers.CharField()


class PhonesSerializer(serializers.Serializer[Any]):
    """What this token's person may choose from."""

    phones = PhoneSerializer(many=True)

"""A case with one step for a radiologist: a form with a condition, a file picker, and a signature."""

from __future__ import annotations

from pathlib import Path

from archive.orders.models import Order
from tests.personas import Cast
from tests.portal.one_step_process import DIAGRAM, start_one_step, subjects_of
from workflows.models import ProcessInstance

FORM = {
    "title": {"en": "Measure and sign", "zh-hans": "测量并签署"},
    "description": {"en": "Measure the largest nodule.", "zh-hans": "请测量最大结节。"},
    "outcomes": {
        "sign_off": {
            "label": {"en": "Sign off", "zh-hans": "签发"},
            "style": "primary",
            "signature": {
                "meaning": {
                    "en": "I have looked at the images myself.",
                    "zh-hans": "本人已亲自阅片。",
                }
            },
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "required": ["size_mm", "called"],
                "properties": {
                    "size_mm": {"type": "integer", "title": "Size in mm", "minimum": 1, "maximum": 300},
                    "is_critical": {"type": "boolean", "title": "Critical finding"},
                    "called": {"type": "string", "title": "Who was called", "minLength": 2, "maxLength": 100},
                    "letter": {"type": "string", "title": "Letter to go with it"},
                },
            },
            "rules": {
                "called": {
                    "effect": "SHOW",
                    "condition": {"scope": "#/properties/is_critical", "schema": {"const": True}},
                }
            },
            "widgets": {"letter": "file"},
            "choices": {"letter": "case.attachments"},
            "x-i18n": {
                "zh-hans": {
                    "properties": {
                        "size_mm": {"title": "大小（毫米）"},
                        "is_critical": {"title": "危急值"},
                        "called": {"title": "已通知谁"},
                        "letter": {"title": "随附信件"},
                    }
                }
            },
        }
    },
}


def start_measured_opinion(cast: Cast, folder: Path, order: Order, *, due: str = "PT2H") -> ProcessInstance:
    """A running case about an order, whose only step waits for a radiologist of the provincial hospital."""
    drawn = DIAGRAM.replace('<consilium:form name="look" />', f'<consilium:form name="look" due="{due}" />')
    return start_one_step(
        cast, folder, FORM, subjects=subjects_of(order), diagram=drawn, priority=order.priority
    )

"""A transformer that the settings name: beside the model, in small portions, its failures counted."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from backbone.errors import BadInput
from backbone.metrics import Metrics
from services.classify.build import plugged
from services.classify.domain.verdict import Text
from services.classify.judges import Fixed

test_onnx = pytest.importorskip("test_onnx")


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


async def test_it_judges_beside_the_model_and_lets_others_have_a_turn_sooner(tmp_path: Path, metrics: Metrics) -> None:
    alone = Fixed(test_onnx.Plain())
    judges = plugged(alone, test_onnx.a_model(tmp_path / "m"), 1, metrics)
    assert (await judges.present()).model == "tiny-1+shipped-1"
    assert judges.at_once < alone.at_once


async def test_its_failures_are_counted_by_reason(tmp_path: Path, metrics: Metrics) -> None:
    judges = plugged(Fixed(test_onnx.Plain()), test_onnx.a_model(tmp_path / "m", most=float("nan")), 1, metrics)
    (await judges.present()).judge([Text("stuk")])
    counted = metrics.registry.get_sample_value("webcare_model_failures_total", {"reason": "not_numbers"})
    assert counted == 1.0


def test_without_one_the_model_judges_alone(metrics: Metrics) -> None:
    alone = Fixed(test_onnx.Plain())
    assert plugged(alone, None, 1, metrics) is alone


def test_a_folder_without_one_refuses_the_start(tmp_path: Path, metrics: Metrics) -> None:
    with pytest.raises(BadInput, match=r"labels\.json"):
        plugged(Fixed(test_onnx.Plain()), tmp_path, 1, metrics)

"""A transformer plugged in beside the shipped model: a tiny one, made here, whose words weigh what the test says."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backbone.errors import BadInput
from contracts.mentions import Reason, Verdict
from services.classify.domain.verdict import Text
from services.classify.judges import Fixed
from services.classify.onnx import AT_ONCE, OnnxClassifier, Plugged, Transformer
from services.classify.onnx_labels import Labels, joined

pytest.importorskip("onnxruntime", reason="the extra webcare[onnx] is not installed")
pytest.importorskip("tokenizers", reason="the extra webcare[onnx] is not installed")
onnx = pytest.importorskip("onnx", reason="the package onnx, with which the tiny model is made, is not installed")

URGENCY = ("urgency:critical", "urgency:high", "urgency:normal", "urgency:low")
SENTIMENT = ("sentiment:negative", "sentiment:neutral", "sentiment:positive")
COLUMNS = (*URGENCY, None, *SENTIMENT)
WEIGHS = {
    "gas": {"urgency:critical": 6.0, "sentiment:negative": 2.0},
    "vandaag": {"urgency:high": 5.0},
    "waar": {"urgency:normal": 5.0},
    "mooi": {"urgency:low": 5.0, "sentiment:positive": 6.0},
    "ruis": {},
    "stuk": {},
}
BREAKS = "stuk"


class Plain:
    """Stands for the shipped model: the same calm verdict for everything, with its reasons."""

    model = "shipped-1"
    reasons: tuple[Reason, ...] = (
        Reason(code="wording", effect="urgency:normal", weight=1.0),
        Reason(code="feeling", effect="sentiment:neutral", weight=0.5),
        Reason(code="remark", effect="intent:remark", weight=0.3),
    )
    urgency: Any = "normal"

    def judge(self, texts: Sequence[Text]) -> list[Verdict]:
        return [
            Verdict(
                lang="nl",
                sentiment="neutral",
                sentiment_p=0.6,
                urgency=self.urgency,
                urgency_p=0.7,
                urgency_p_critical=0.01,
                urgency_p_high=0.1,
                intent="remark",
                intent_p=0.5,
                care="community",
                unsure=False,
                reasons=self.reasons,
                signature=at,
                sketch=b"abcd",
                model=self.model,
            )
            for at, _ in enumerate(texts)
        ]


def a_model(folder: Path, columns: Sequence[str | None] = COLUMNS, **parts: Any) -> Path:
    """A folder with a model that adds up what its words weigh."""
    folder.mkdir(exist_ok=True)
    write_tokenizer(folder)
    write_model(folder, columns, **parts)
    write_labels(folder, outputs={"logits": list(columns)})
    return folder


def write_labels(folder: Path, **changes: Any) -> None:
    held = {"name": "tiny-1", "outputs": {"logits": list(COLUMNS)}, "max_tokens": 16, **changes}
    (folder / "labels.json").write_text(json.dumps(held))


def write_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    words = {"[PAD]": 0, "[UNK]": 1, **{word: at for at, word in enumerate(WEIGHS, 2)}}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))


def write_model(
    folder: Path,
    columns: Sequence[str | None],
    inputs: Sequence[str] = ("input_ids", "attention_mask"),
    most: float | None = None,
) -> None:
    """logits = sum over tokens of mask * E[token]; `most`: what "stuk" weighs, such as infinity."""
    helper, kinds = onnx.helper, onnx.TensorProto
    table = np.zeros((len(WEIGHS) + 2, len(columns)), np.float32)
    for at, weighs in enumerate(WEIGHS.values(), 2):
        for column, weight in weighs.items():
            if column in columns:
                table[at, list(columns).index(column)] = weight
    if most is not None:
        table[2 + list(WEIGHS).index(BREAKS)] = most
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=kinds.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["wide"]),
        helper.make_node("Mul", ["rows", "wide"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "second"], ["logits"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, kinds.INT64, ["texts", "tokens"]) for name in inputs],
        [helper.make_tensor_value_info("logits", kinds.FLOAT, ["texts", len(columns)])],
        [
            onnx.numpy_helper.from_array(table, "table"),
            onnx.numpy_helper.from_array(np.array([2], np.int64), "last"),
            onnx.numpy_helper.from_array(np.array([1], np.int64), "second"),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    (folder / "model.onnx").write_bytes(made.SerializeToString())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_model(tmp_path_factory.mktemp("onnx") / "tiny")


def load(folder: Path, shipped: Plain | None = None, failed: Callable[[str], None] = lambda _: None) -> OnnxClassifier:
    return OnnxClassifier.load(shipped or Plain(), folder, 1, failed)


def judge(classifier: OnnxClassifier, *texts: str) -> list[Verdict]:
    return classifier.judge([Text(text) for text in texts])


def test_it_judges_the_heads_that_it_has_and_leaves_the_others_to_the_shipped_model(folder: Path) -> None:
    verdict = judge(load(folder), "Gas")[0]
    assert (verdict.urgency, verdict.sentiment, verdict.care) == ("critical", "negative", "webcare")
    assert verdict.urgency_p == verdict.urgency_p_critical > 0.98
    assert (verdict.intent, verdict.intent_p, verdict.lang, verdict.sketch) == ("remark", 0.5, "nl", b"abcd")
    assert verdict.model == "tiny-1+shipped-1"


def test_the_reasons_name_it_where_it_changed_a_class_and_drop_those_that_lost(folder: Path) -> None:
    changed, same = judge(load(folder), "mooi", "waar")
    assert [(reason.code, reason.effect) for reason in changed.reasons] == [
        ("plugged_in_model", "urgency:low"),
        ("plugged_in_model", "sentiment:positive"),
        ("remark", "intent:remark"),
    ]
    assert ("wording", "urgency:normal") in [(reason.code, reason.effect) for reason in same.reasons]


def test_a_text_has_the_same_verdict_alone_and_among_many_of_any_length(folder: Path) -> None:
    classifier = load(folder)
    texts = [" ".join(["gas", "vandaag", "mooi", "ruis"][: 1 + n % 4] * (1 + n % 9)) for n in range(3 * AT_ONCE)]
    together = judge(classifier, *texts)
    alone = [judge(classifier, text)[0] for text in texts]
    assert [(v.urgency, v.urgency_p, v.sentiment_p) for v in together] == [
        (v.urgency, v.urgency_p, v.sentiment_p) for v in alone
    ]


def test_no_more_of_a_text_is_read_than_its_tokens_allow(folder: Path) -> None:
    assert judge(load(folder), "ruis " * 16 + "gas")[0].urgency != "critical"
    assert judge(load(folder), "ruis " * 15 + "gas")[0].urgency == "critical"


def test_the_page_threshold_decides_what_is_critical(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "m")
    assert judge(load(folder), "gas vandaag")[0].urgency == "critical"
    write_labels(folder, page=0.9)
    assert judge(load(folder), "gas vandaag")[0].urgency == "high"


def test_a_temperature_calms_the_chances(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "m")
    sharp = judge(load(folder), "gas")[0].urgency_p
    write_labels(folder, temperature={"urgency": 4.0})
    calm = judge(load(folder), "gas")[0]
    assert calm.urgency_p < 0.7 < sharp


def test_a_verdict_of_little_confidence_is_unsure(folder: Path) -> None:
    assert judge(load(folder), "ruis")[0].unsure
    assert not judge(load(folder), "waar")[0].unsure


@pytest.mark.parametrize("code", ["reach_with_accusation", "private_number"])
def test_what_reach_or_private_data_raised_is_not_lowered(folder: Path, code: str) -> None:
    shipped = Plain()
    shipped.urgency, shipped.reasons = "high", (Reason(code=code, effect="urgency:high", weight=0.8),)
    low, critical = judge(load(folder, shipped), "mooi", "gas")
    assert (low.urgency, low.urgency_p, low.reasons[-1].code) == ("high", 0.7, code)
    assert critical.urgency == "critical"


def test_a_model_without_urgency_leaves_it_as_it_is(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "m", SENTIMENT)
    verdict = judge(load(folder), "mooi gas")[0]
    assert (verdict.sentiment, verdict.urgency, verdict.urgency_p, verdict.care) == (
        "positive",
        "normal",
        0.7,
        "community",
    )


def test_where_it_fails_the_shipped_verdict_stands_and_says_so(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "m", most=float("nan"))
    failures: list[str] = []
    classifier = load(folder, failed=failures.append)
    verdict = judge(classifier, "stuk")[0]
    assert (verdict.urgency, verdict.model) == ("normal", "shipped-1")
    assert verdict.reasons == (*Plain.reasons, Reason(code="model_unavailable"))
    assert failures == ["not_numbers"]
    assert judge(classifier, "gas")[0].urgency == "critical"


def test_only_the_run_that_failed_falls_back(tmp_path: Path) -> None:
    classifier = load(a_model(tmp_path / "m", most=float("inf")))
    verdicts = judge(classifier, "stuk", *["gas ruis"] * 4)
    assert [verdict.model for verdict in verdicts] == ["shipped-1"] * 5
    verdicts = judge(classifier, *["gas"] * AT_ONCE, "stuk")
    assert [verdict.model for verdict in verdicts] == ["tiny-1+shipped-1"] * AT_ONCE + ["shipped-1"]


def test_a_runtime_that_throws_costs_no_verdict(folder: Path) -> None:
    failures: list[str] = []
    classifier = load(folder, failed=failures.append)
    classifier._transformer._session = Thrower()
    assert judge(classifier, "gas")[0].reasons[-1].code == "model_unavailable"
    assert failures == ["inference_failed"]


async def test_it_stands_beside_whichever_model_is_chosen(folder: Path) -> None:
    chosen = Fixed(Plain())
    plugged = Plugged(chosen, Transformer.load(folder, 1), lambda _: None)
    first = await plugged.present()
    assert (first.model, await plugged.present()) == ("tiny-1+shipped-1", first)
    other = Plain()
    other.model = "shipped-2"
    chosen._judge = other
    assert (await plugged.present()).model == "tiny-1+shipped-2"


class Thrower:
    """A session whose memory ran out."""

    def run(self, names: Sequence[str], feed: Mapping[str, Any]) -> list[Any]:
        raise RuntimeError("out of memory")


@pytest.mark.parametrize(
    "text", ["", " ", "😂", "\u200b\u200d", "\ud800 gas", "مرحبا", "a" * 50_000, "gas " * 5_000, "\x00\x01"]
)
def test_no_text_breaks_it(folder: Path, text: str) -> None:
    assert len(judge(load(folder), text, "gas")) == 2


@given(texts=st.lists(st.text(max_size=60), max_size=5))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_there_is_one_verdict_per_text_in_order(folder: Path, texts: list[str]) -> None:
    verdicts = judge(load(folder), *texts)
    assert [verdict.signature for verdict in verdicts] == list(range(len(texts)))
    assert all(0 <= verdict.urgency_p <= 1 for verdict in verdicts)


# ------------------------------------------------------------------------------------------- refused at the start


def refusal(folder: Path) -> BadInput:
    with pytest.raises(BadInput) as refused:
        load(folder)
    assert refused.value.remedy
    return refused.value


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "labels.json"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    (a_model(tmp_path / "m") / name).unlink()
    refused = refusal(tmp_path / "m")
    assert refused.code == "onnx_files"
    assert name in str(refused)


@pytest.mark.parametrize(
    ("name", "code"),
    [("model.onnx", "onnx_model"), ("tokenizer.json", "onnx_tokenizer"), ("labels.json", "onnx_labels")],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, code: str) -> None:
    (a_model(tmp_path / "m") / name).write_bytes(b"\x80\x04cposix\nsystem\n")
    refused = refusal(tmp_path / "m")
    assert refused.code == code
    assert name in refused.message


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"outputs": {}}, "no column"),
        ({"outputs": {"logits": [*COLUMNS[:-1], "sentiment:glad"]}}, "sentiment:glad"),
        ({"outputs": {"logits": [*COLUMNS[:-1], None]}}, "sentiment:positive"),
        ({"outputs": {"logits": [*COLUMNS[:-1], "urgency:low"]}}, "twice"),
        ({"outputs": {"logits": list(URGENCY[:2]), "more": list(URGENCY[2:])}}, "different outputs"),
        ({"temperature": {"intent": 2.0}}, "intent"),
        ({"page": 1.5}, "page"),
        ({"max_tokens": 4096}, "max_tokens"),
        ({"name": "../x"}, "name"),
        ({"run": "rm"}, "run"),
    ],
)
def test_wrong_labels_are_refused_with_what_is_wrong(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    write_labels(a_model(tmp_path / "m"), **changes)
    refused = refusal(tmp_path / "m")
    assert refused.code == "onnx_labels"
    assert told in refused.message


@pytest.mark.parametrize(
    ("outputs", "told"),
    [({"logits": list(URGENCY)}, "4 columns"), ({"scores": list(COLUMNS)}, "no output 'scores'")],
)
def test_labels_that_do_not_fit_the_model_are_refused(
    tmp_path: Path, outputs: dict[str, list[str | None]], told: str
) -> None:
    write_labels(a_model(tmp_path / "m"), outputs=outputs)
    refused = refusal(tmp_path / "m")
    assert refused.code == "onnx_shape"
    assert told in str(refused)


def test_an_input_that_nobody_fills_is_refused(tmp_path: Path) -> None:
    refused = refusal(a_model(tmp_path / "m", inputs=("input_ids", "attention_mask", "pixels")))
    assert (refused.code, "pixels" in refused.message) == ("onnx_shape", True)


def test_scores_that_are_said_to_be_chances_and_are_none_are_refused(tmp_path: Path) -> None:
    write_labels(a_model(tmp_path / "m"), scores="chances")
    refused = refusal(tmp_path / "m")
    assert (refused.code, "not_chances" in refused.message) == ("onnx_shape", True)


def test_a_missing_package_is_named_with_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    refused = refusal(folder)
    assert refused.code == "onnx_not_installed"
    assert "webcare[onnx]" in refused.remedy


def test_it_takes_no_more_threads_than_it_is_given(folder: Path) -> None:
    options = Transformer.load(folder, 3)._session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (3, 1)


def test_chances_are_taken_as_they_are() -> None:
    labels = Labels(name="tiny", outputs={"out": ("care:none", "care:webcare", "care:community")}, scores="chances")
    chances = labels.chances({"out": np.array([[0.1, 0.2, 0.7]], np.float32)})
    assert joined(Plain().judge([Text("x")])[0], chances[0], "m", 0.5).care == "community"
    assert chances[0]["care"] == {"webcare": 0.2, "community": 0.7, "none": 0.1}

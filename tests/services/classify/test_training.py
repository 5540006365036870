"""Training on few rows: what is learned is what judges, twice the same to the byte, and whole or not there."""

import shutil
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.errors import BadInput
from services.classify.domain.beside import holds_private_data
from services.classify.domain.decide import Decisions, decide
from services.classify.domain.heads import COLUMNS, HEADS
from services.classify.domain.language import word_lists
from services.classify.domain.model import LANGUAGES, Model
from services.classify.domain.signals import PRIVATE, signal_tables
from services.classify.domain.subwords import pieces
from services.classify.domain.text import plain, tokens
from services.classify.domain.verdict import Classifier, Text
from services.classify.domain.weigh import Weigher
from services.classify.training.calibrate import threshold
from services.classify.training.corpus import TRAIN, Row, load
from services.classify.training.evaluate import compare, macro_f1, reliability
from services.classify.training.evidence import see_all
from services.classify.training.fit import fit, scores
from services.classify.training.make import make
from services.classify.training.speech import spoken
from services.classify.training.train import OTHERS

pytestmark = pytest.mark.slow

FEW = 400
STEPS: list[str] = []


def some(rows: list[Row], step: int, start: int = 0) -> list[Row]:
    return rows[start::step][:FEW]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    everything = load(TRAIN)
    return some([row for row in everything if row.lang == "nl"], 23) + some(
        [row for row in everything if row.lang == "en"], 11
    )


@pytest.fixture(scope="module")
def made(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "few-1"
    make(folder, "2026-03-02", rows, rows[:40], spoken(rows), STEPS.append)
    return folder


def test_the_same_rows_give_the_same_bytes(rows: list[Row], made: Path, tmp_path: Path) -> None:
    make(tmp_path / "few-1", "2026-03-02", rows, rows[:40], spoken(rows), STEPS.append)
    for path in sorted(made.iterdir()):
        assert (tmp_path / "few-1" / path.name).read_bytes() == path.read_bytes()
    assert {path.name for path in made.iterdir()} == {"CARD.md", "decisions.json", "model.json", "weights.npz"}


def test_progress_names_what_is_done(made: Path) -> None:
    assert made.exists()
    assert {"nl: fold 1 of 4", "en: all rows", "languages", "scores"} <= set(STEPS)


def test_it_learns_what_it_was_shown(rows: list[Row], made: Path) -> None:
    verdicts = Classifier.load(made).judge([Text(row.text, lang_hint=row.lang) for row in rows])
    found = compare(verdicts, rows)
    assert found.critical_recall > 0.8
    assert found.false_pages < 0.1
    assert found.macro_f1["urgency"] > 0.8


@pytest.mark.parametrize("code", ["nl", "en"])
def test_the_classifier_gives_the_scores_that_were_fitted(rows: list[Row], made: Path, code: str) -> None:
    """What training sums row by row, the classifier sums in a batch: up to the rounding of single precision."""
    seen = see_all(rows, code)
    fitted = fit(rows, seen, np.array([1.0 if row.lang == code else OTHERS for row in rows]))
    table = signal_tables(LANGUAGES)[code]
    weigher = Weigher(Model.load(made).weights[code], table, word_lists().function)
    words = [tokens(plain(row.text)) for row in rows]
    private = 1 << table.codes.index(PRIVATE)
    beside = [private if holds_private_data(plain(row.text), None) else 0 for row in rows]
    assert np.abs(weigher.score(words, beside).classes - scores(fitted, seen)).max() < 0.02


def test_any_other_language_is_judged_by_signals_and_marks(made: Path) -> None:
    weigher = Weigher(Model.load(made).weights["*"], signal_tables(LANGUAGES)["*"], word_lists().function)
    unknown, known = weigher.score([["xyzzy", "qwert"], ["incendie", "!"]], [0, 0]).classes
    assert not np.allclose(unknown, known)
    assert np.allclose(unknown, weigher.score([["plugh", "zzyzx"]], [0]).classes[0])


def test_rows_that_tell_one_head_teach_only_that_one(rows: list[Row]) -> None:
    half = [Row(row.id, row.lang, row.text, ("", row.labels[1], "", "")) for row in rows[::2]] + rows[1::2]
    found = compare(Classifier.load().judge([Text(row.text) for row in half]), half)
    assert found.critical == sum(row.labels[0] == "critical" for row in rows[1::2])
    fitted = fit(half, see_all(half, "nl"), np.ones(len(half)))
    assert np.isfinite(fitted.weights).all()


def test_a_card_tells_rows_scores_and_weak_spots(made: Path) -> None:
    card = (made / "CARD.md").read_text("utf-8")
    for said in ("# Model few-1", "2026-03-02", "| nl | 400 |", "recall of critical", "Reliability", "Weakest where"):
        assert said in card


def test_a_folder_that_holds_something_else_is_left_alone(rows: list[Row], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me", "utf-8")
    with pytest.raises(BadInput, match="holds no model"):
        make(tmp_path / "mine", "2026-03-02", rows[:60], rows[:5], spoken(rows[:60]), STEPS.append)
    assert (tmp_path / "mine" / "letter.txt").read_text("utf-8") == "keep me"


def test_too_few_rows_of_a_class_are_refused_by_name(rows: list[Row], tmp_path: Path) -> None:
    calm = [row for row in rows if (row.lang, row.labels[0]) != ("en", "critical")]
    with pytest.raises(BadInput, match="In en urgency critical has 0 rows; 4 are needed"):
        make(tmp_path / "calm", "2026-03-02", calm, rows[:5], [], STEPS.append)
    assert not (tmp_path / "calm").exists()


# ------------------------------------------------------------------------------------------------------- the files


def spoil(folder: Path, name: str, content: bytes, *, seal: bool = False) -> None:
    (folder / name).write_bytes(content)
    if seal:
        manifest = msgspec.json.decode((folder / "model.json").read_bytes())
        manifest["files"][name] = sha256(content).hexdigest()
        (folder / "model.json").write_bytes(msgspec.json.encode(manifest))


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.mark.parametrize(
    ("name", "content", "seal", "code"),
    [
        ("weights.npz", b"PK\x03\x04", False, "model_damaged"),
        ("weights.npz", b"PK\x03\x04", True, "model_damaged"),
        ("weights.npz", b"", True, "model_damaged"),
        ("decisions.json", b"{}", False, "model_damaged"),
        ("decisions.json", b"{}", True, "model_damaged"),
        ("decisions.json", b'{"nl": {"page": "low"}}', True, "model_damaged"),
        ("model.json", b"{", False, "model_damaged"),
        ("model.json", b'{"name":"x","format":2,"created":"","files":{}}', False, "model_format"),
        ("model.json", b'{"name":"x","format":1,"created":"","files":{}}', False, "model_damaged"),
    ],
)
def test_a_damaged_model_is_refused_by_file(copy: Path, name: str, content: bytes, seal: bool, code: str) -> None:
    spoil(copy, name, content, seal=seal)
    with pytest.raises(BadInput) as refused:
        Model.load(copy)
    assert refused.value.code == code
    assert str(copy) in str(refused.value)


def test_weights_that_would_run_code_are_not_read(copy: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "evil.npz", **{"nl/words": np.array([print], dtype=object)})  # type: ignore[arg-type]
    spoil(copy, "weights.npz", (tmp_path / "evil.npz").read_bytes(), seal=True)
    with pytest.raises(BadInput, match=r"weights\.npz"):
        Model.load(copy)


def test_a_missing_folder_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        Model.load(tmp_path / "none")
    assert refused.value.code == "model_missing"
    assert "webcare models list" in str(refused.value)


# ------------------------------------------------------------------------------------------------------- the parts


def test_pages_go_out_from_the_threshold_on_and_only_then() -> None:
    flat = (0.0,) * COLUMNS
    scores_of = np.zeros((2, COLUMNS), np.float32)
    scores_of[0, 0], scores_of[1, 0] = 5.0, 0.1
    won = decide(scores_of, Decisions((1.0,) * len(HEADS), flat, flat, 0.9)).won[:, 0]
    assert won.tolist() == [0, 1]


@given(
    chances=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=200),
    share=st.sampled_from([0.0, 0.01, 0.02, 0.1, 0.5]),
)
@settings(max_examples=200, deadline=None)
def test_at_the_threshold_no_more_are_paged_than_allowed(chances: list[float], share: float) -> None:
    none = np.zeros(len(chances), bool)
    lowest = threshold(np.array(chances, np.float32), none, share)
    assert sum(chance >= lowest for chance in chances) <= share * len(chances)


@given(word=st.text(max_size=60))
def test_pieces_are_runs_of_the_bordered_word(word: str) -> None:
    found = pieces(word)
    assert all(3 <= len(piece) <= 5 and piece in f"<{word}>" for piece in found)
    assert bool(found) == (any(map(str.isalpha, word)) and len(word) <= 40)


def test_macro_f1_is_the_mean_over_classes() -> None:
    assert macro_f1(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), 2) == 1.0
    assert macro_f1(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 0]), 2) == pytest.approx(1 / 3)


def test_reliability_counts_every_verdict_once() -> None:
    bins = reliability(np.array([0.05, 0.15, 0.95, 1.0]), np.array([False, True, True, True]))
    assert [(each.rows, each.right) for each in bins] == [(1, 0.0), (1, 1.0), (2, 1.0)]

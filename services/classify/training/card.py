"""The model card: what a model was made from, how good it is, and where it is weak."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from contracts.mentions import Verdict
from services.classify.domain.decide import Decisions
from services.classify.domain.heads import HEADS
from services.classify.domain.verdict import Text
from services.classify.training.corpus import Row
from services.classify.training.evaluate import Scores

_WORST = 6


def card(
    name: str,
    created: str,
    trained: Sequence[Row],
    decisions: Mapping[str, Decisions],
    scores: Mapping[str, Scores],
    mistakes: Mapping[str, Counter[tuple[str, str, str]]],
) -> str:
    """The card in Markdown. `scores` and `mistakes` are by language of the test rows."""
    parts = [
        [f"# Model {name}", "", f"Trained on {created} by `webcare train`. Linear; see `docs/models.md`.", ""],
        _rows(trained),
        *(_scored(lang, scores[lang], mistakes[lang]) for lang in scores),
        _thresholds(decisions),
    ]
    return "\n".join(line for part in parts for line in part) + "\n"


def _rows(trained: Sequence[Row]) -> Iterator[str]:
    yield "## Trained on"
    yield ""
    yield "Messages that were written and labelled for this project, and what people added; see `training/messages`."
    yield ""
    yield "| language | rows | " + " | ".join(HEADS[0].classes) + " |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for lang, rows in sorted(Counter(row.lang for row in trained).items()):
        levels = Counter(row.labels[0] for row in trained if row.lang == lang)
        yield f"| {lang} | {rows} | " + " | ".join(str(levels[level]) for level in HEADS[0].classes) + " |"
    yield ""


def _scored(lang: str, scores: Scores, mistakes: Counter[tuple[str, str, str]]) -> Iterator[str]:
    yield f"## On the test split, {lang}"
    yield ""
    yield f"{scores.rows} rows that were never trained on, {scores.critical} of them critical."
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    yield f"| recall of critical | {scores.critical_recall:.3f} |"
    yield f"| paged of what is not critical | {scores.false_pages:.3f} |"
    yield from (f"| macro-F1 {head} | {value:.3f} |" for head, value in scores.macro_f1.items())
    yield f"| unsure | {scores.unsure:.3f} |"
    yield ""
    yield "Reliability of the chance of urgency:"
    yield ""
    yield "| chance | rows | right |"
    yield "| --- | --- | --- |"
    yield from (f"| {each.chance:.2f} | {each.rows} | {each.right:.2f} |" for each in scores.reliability)
    yield ""
    yield "Weakest where (label, verdict, rows):"
    yield ""
    for (head, label, said), rows in mistakes.most_common(_WORST):
        yield f"- {head}: {label}, said {said}: {rows}"
    yield ""


def _thresholds(decisions: Mapping[str, Decisions]) -> Iterator[str]:
    yield "## Thresholds"
    yield ""
    yield "| language | chance of critical that pages |"
    yield "| --- | --- |"
    yield from (f"| {code} | {decided.page:.3f} |" for code, decided in decisions.items())


def mistakes_of(verdicts: Sequence[Verdict], rows: Sequence[Row]) -> Counter[tuple[str, str, str]]:
    """Head, label and verdict of each wrong decision, counted."""
    found: Counter[tuple[str, str, str]] = Counter()
    for verdict, row in zip(verdicts, rows, strict=True):
        said = (verdict.urgency, verdict.sentiment, verdict.intent, verdict.care)
        for head, label, one in zip(HEADS, row.labels, said, strict=True):
            if label and label != one:
                found[head.name, label, one] += 1
    return found


def texts(rows: Sequence[Row]) -> list[Text]:
    """The rows as the classifier takes them."""
    return [Text(row.text, lang_hint=row.lang) for row in rows]

"""A transformer in ONNX form beside the shipped model, plugged in by configuration.

A folder holds `model.onnx`, `tokenizer.json` and `labels.json`. None of them is code: the graph is run by onnxruntime
with its own operators only. What is wrong with them is said at the start; what fails later costs no mention its
verdict.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import structlog

from backbone.errors import BadInput
from backbone.logs import failure
from contracts.mentions import Verdict
from services.classify.domain.verdict import Text
from services.classify.judges import Judges
from services.classify.onnx_labels import Chances, Floats, Labels, joined, unavailable
from services.classify.registry import Judge

MODEL: Final = "model.onnx"
TOKENIZER: Final = "tokenizer.json"
LABELS: Final = "labels.json"
AT_ONCE: Final = 32
"""Texts in one run of the model."""
_WIDTHS: Final = (16, 32, 64, 128, 256, 512)
"""Texts are padded to one of these, whatever stands beside them."""
_CHARACTERS_PER_TOKEN: Final = 16
_INPUTS: Final = ("input_ids", "attention_mask", "token_type_ids")
_WHOLE_NUMBERS: Final = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
_PADS: Final = ("[PAD]", "<pad>")
_SHORT = "Ik ruik gas in huis"
_LOG = structlog.get_logger("webcare.classify")

Ids = Sequence[int]


class OnnxClassifier:
    """Judges as the shipped model does, with the chances of a transformer for the heads that it has.

    Language, signature, sketch, reasons and other heads stay the shipped model's. What reach or private data raised is
    not lowered. Where the transformer fails, the shipped verdict stands with the reason ``model_unavailable``.
    """

    def __init__(self, shipped: Judge, transformer: "Transformer", failed: Callable[[str], None]) -> None:
        """`failed` is told the reason of each run that failed."""
        self.model = f"{transformer.labels.name}+{shipped.model}"
        self._shipped = shipped
        self._transformer = transformer
        self._failed = failed
        self._well = True

    @classmethod
    def load(cls, shipped: Judge, folder: Path, threads: int, failed: Callable[[str], None]) -> "OnnxClassifier":
        """With the model in `folder`, tried out on two texts.

        Raises BadInput: ``onnx_not_installed``, ``onnx_files``, ``onnx_labels``, ``onnx_tokenizer``, ``onnx_model``,
        ``onnx_shape``.
        """
        return cls(shipped, Transformer.load(folder, threads), failed)

    def judge(self, texts: Sequence[Text]) -> list[Verdict]:
        """One verdict per text, in order. Any text works, and so does any failure of the transformer."""
        verdicts = self._shipped.judge(texts)
        for places, chances in self._transformer.chances([text.text for text in texts]):
            if isinstance(chances, Exception):
                self._fails(chances)
                verdicts = _replaced(verdicts, places, [unavailable(verdicts[place]) for place in places])
                continue
            self._works()
            page = self._transformer.labels.page
            judged = [
                joined(verdicts[place], row, self.model, page) for place, row in zip(places, chances, strict=True)
            ]
            verdicts = _replaced(verdicts, places, judged)
        return verdicts

    def _fails(self, error: Exception) -> None:
        reason = str(error) if isinstance(error, _Unusable) else "inference_failed"
        self._failed(reason)
        if self._well:
            _LOG.error("model_unavailable", model=self.model, reason=reason, failure=failure(error))
        self._well = False

    def _works(self) -> None:
        if not self._well:
            _LOG.info("model_back", model=self.model)
        self._well = True


def _replaced(verdicts: list[Verdict], places: Sequence[int], judged: Sequence[Verdict]) -> list[Verdict]:
    for place, verdict in zip(places, judged, strict=True):
        verdicts[place] = verdict
    return verdicts


class Plugged:
    """A transformer beside whichever model is chosen at the moment; see `services.classify.judges.Judges`."""

    at_once: Final = AT_ONCE

    def __init__(self, judges: Judges, transformer: "Transformer", failed: Callable[[str], None]) -> None:
        self._judges = judges
        self._transformer = transformer
        self._failed = failed
        self._shipped: Judge | None = None
        self._joined: OnnxClassifier | None = None

    async def present(self) -> Judge:
        """The present model with the transformer beside it."""
        shipped = await self._judges.present()
        if self._joined is None or shipped is not self._shipped:
            self._shipped, self._joined = shipped, OnnxClassifier(shipped, self._transformer, self._failed)
        return self._joined


class _Unusable(Exception):
    """The model answered with what are no chances; the message is a reason."""


class Transformer:
    """A loaded model with its tokenizer and labels."""

    def __init__(self, labels: Labels, tokenizer: Any, session: Any) -> None:
        self.labels = labels
        self._tokenizer = tokenizer
        self._session = session
        self._inputs = {each.name: _WHOLE_NUMBERS[each.type] for each in session.get_inputs()}
        self._pad = _pad_id(tokenizer)
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_length=labels.max_tokens)

    @classmethod
    def load(cls, folder: Path, threads: int) -> "Transformer":
        """The model in a folder; see `OnnxClassifier.load`."""
        runtime, tokenizers = _package("onnxruntime"), _package("tokenizers")
        labels = _labels(folder / LABELS)
        tokenizer = _tokenizer(tokenizers, folder / TOKENIZER)
        session = _session(runtime, folder / MODEL, threads)
        _check_ends(folder / MODEL, session, labels)
        transformer = cls(labels, tokenizer, session)
        transformer._try_out(folder)
        return transformer

    def chances(self, texts: Sequence[str]) -> Iterator[tuple[list[int], list[Chances] | Exception]]:
        """For some of the texts at a time: their places, and the chances of each or what went wrong.

        A text without any token is left out.
        """
        tokens = [self._tokens(text) for text in texts]
        for places, width in _runs([len(ids) for ids in tokens]):
            try:
                yield places, self._run([tokens[place] for place in places], width)
            except Exception as error:  # whatever a model of somebody else throws
                yield places, error

    def _tokens(self, text: str) -> Ids:
        cut = text[: self.labels.max_tokens * _CHARACTERS_PER_TOKEN]
        # One text at a time: the tokenizer's batches take threads of their own.
        ids: Ids = self._tokenizer.encode(cut.encode("utf-8", "replace").decode("utf-8")).ids
        return ids

    def _run(self, tokens: Sequence[Ids], width: int) -> list[Chances]:
        names = list(self.labels.outputs)
        answers = self._session.run(names, self._feed(tokens, width))
        outputs = dict(zip(names, answers, strict=True))
        for name, columns in self.labels.outputs.items():
            if outputs[name].shape != (len(tokens), len(columns)):
                raise _Unusable("wrong_shape")
        return _read(self.labels, outputs)

    def _feed(self, tokens: Sequence[Ids], width: int) -> dict[str, npt.NDArray[Any]]:
        ids = np.full((len(tokens), width), self._pad, np.int64)
        mask = np.zeros((len(tokens), width), np.int64)
        for row, said in enumerate(tokens):
            ids[row, : len(said)] = said
            mask[row, : len(said)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return {name: feed[name].astype(kind) for name, kind in self._inputs.items()}

    def _try_out(self, folder: Path) -> None:
        """A short text and one that is as long as can be, so that what does not fit is known at the start."""
        for _, found in self.chances([_SHORT, f"{_SHORT} " * self.labels.max_tokens]):
            if isinstance(found, Exception):
                raise _wrong(
                    "onnx_shape",
                    f"{folder / MODEL} does not judge a text of up to {self.labels.max_tokens} tokens: {found}",
                    f"Give {LABELS} the columns that the model has, and no more max_tokens than it takes.",
                ) from found


def _read(labels: Labels, outputs: Mapping[str, Floats]) -> list[Chances]:
    try:
        return labels.chances(outputs)
    except ValueError as error:
        raise _Unusable(str(error)) from error


def _runs(lengths: Sequence[int]) -> Iterator[tuple[list[int], int]]:
    """Places of texts of like length, at most `AT_ONCE` together, and the width they are padded to."""
    by_width: dict[int, list[int]] = {}
    for place, length in enumerate(lengths):
        if length:
            by_width.setdefault(next(width for width in _WIDTHS if width >= length), []).append(place)
    for width, places in sorted(by_width.items()):
        for start in range(0, len(places), AT_ONCE):
            yield places[start : start + AT_ONCE], width


# ------------------------------------------------------------------------------------------------------- loading


def _package(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError as error:
        raise _wrong(
            "onnx_not_installed", f"`classify.onnx` needs {name}, which is not installed", "Install webcare[onnx]."
        ) from error


def _labels(path: Path) -> Labels:
    try:
        labels = msgspec.json.decode(_bytes(path), type=Labels)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _wrong("onnx_labels", f"{path} cannot be read: {error}", "See docs/onnx.md for what it holds.") from error
    problem = labels.problem()
    if problem:
        raise _wrong("onnx_labels", f"{path}: {problem}", "See docs/onnx.md for what it holds.")
    return labels


def _tokenizer(tokenizers: Any, path: Path) -> Any:
    written = _bytes(path)
    try:
        return tokenizers.Tokenizer.from_str(written.decode("utf-8"))
    except Exception as error:  # the library raises Exception itself
        raise _wrong(
            "onnx_tokenizer", f"{path} is no tokenizer: {error}", "Copy the file that belongs to the model."
        ) from error


def _session(runtime: Any, path: Path, threads: int) -> Any:
    if not path.is_file():
        raise _missing(path)
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.use_deterministic_compute = True
    options.log_severity_level = 4
    try:
        return runtime.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors have no common base of their own
        raise _wrong("onnx_model", f"{path} cannot be loaded: {error}", "Export the model to ONNX again.") from error


def _check_ends(path: Path, session: Any, labels: Labels) -> None:
    inputs = {each.name: each.type for each in session.get_inputs()}
    strange = [f"{name} ({kind})" for name, kind in inputs.items() if name not in _INPUTS or kind not in _WHOLE_NUMBERS]
    if strange or _INPUTS[0] not in inputs:
        raise _wrong(
            "onnx_shape",
            f"{path} takes {strange[0] if strange else 'no input_ids'}",
            f"Export it with whole numbers for {', '.join(_INPUTS)} and nothing else.",
        )
    outputs = {each.name: each.shape for each in session.get_outputs()}
    for name, columns in labels.outputs.items():
        if name not in outputs:
            raise _wrong("onnx_shape", f"{path} has no output {name[:80]!r}", f"It has: {', '.join(outputs)}.")
        shape = outputs[name]
        if len(shape) != 2 or (isinstance(shape[1], int) and shape[1] != len(columns)):
            raise _wrong(
                "onnx_shape",
                f"Output {name!r} of {path} has the shape {shape}, and {LABELS} names {len(columns)} columns of it",
                "Name each column, in order; null for one that is not used.",
            )


def _pad_id(tokenizer: Any) -> int:
    if tokenizer.padding:
        return int(tokenizer.padding["pad_id"])
    return next((int(found) for pad in _PADS if (found := tokenizer.token_to_id(pad)) is not None), 0)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _missing(path) from error


def _missing(path: Path) -> BadInput:
    return _wrong(
        "onnx_files", f"{path} is not there", f"`classify.onnx` names a folder with {MODEL}, {TOKENIZER} and {LABELS}."
    )


def _wrong(code: str, what: str, remedy: str) -> BadInput:
    return BadInput(f"{what}.", code=code, remedy=remedy)

"""What runs a backbone on batches of crops: Keras, or OpenVINO on a processor."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from behavior.vision.devices import has_native_bfloat16, load_openvino

__all__ = ["Engine", "KerasEngine", "OpenVinoEngine", "choose_group_size"]

Images = npt.NDArray[np.uint8]
Vectors = npt.NDArray[np.float32]

OPENVINO_TYPES = {"float32": "f32", "bfloat16": "bf16"}
# What a network makes of more pixels than these leaves the processor's caches on the way: measured to be slower, and it takes memory.
PIXELS_AT_ONCE = 4 * 299**2


class Engine(Protocol):
    """Embeds crops, always in batches of one size, so that equal crops get equal vectors wherever they are in a batch.

    Attributes
    ----------
    name
        "keras" or "openvino".
    precision
        What the network is computed in: "float32", "bfloat16" or "int8".
    batch_size
        Number of images that the network sees at once; a smaller batch is filled up with black ones whose vectors are dropped.
    n_features
        Length D of a vector.
    input_size
        Height and width S of an image in pixels.
    """

    name: str
    precision: str
    batch_size: int
    n_features: int
    input_size: int

    def embed(self, images: Images) -> Vectors:
        """Return the vectors (N, D) float32 of RGB `images` (N, S, S, 3) uint8; N is anything from 0."""

    def embed_batches(self, batches: Iterable[Images]) -> Generator[Vectors, None, None]:
        """Yield the vectors (n, D) float32 of each batch of RGB images (n, S, S, 3) uint8, n from 1 to `batch_size`, in their order.

        Inference runs while the next batch is taken from `batches`; a fixed number of batches is in flight at most.
        The generator may be closed early.
        """

    def close(self) -> None:
        """Give back the memory; the engine cannot be used afterwards."""


class _BatchedEngine(ABC):
    """What every engine does with `embed_batches`."""

    batch_size: int
    n_features: int
    input_size: int

    @abstractmethod
    def embed_batches(self, batches: Iterable[Images]) -> Generator[Vectors, None, None]: ...

    def embed(self, images: Images) -> Vectors:
        """Return the vectors (N, D) float32 of RGB `images` (N, S, S, 3) uint8; N is anything from 0."""
        vectors = np.empty((len(images), self.n_features), dtype=np.float32)
        starts = range(0, len(images), self.batch_size)
        done = self.embed_batches(images[start : start + self.batch_size] for start in starts)
        for start, computed in zip(starts, done, strict=True):
            vectors[start : start + len(computed)] = computed
        return vectors


class KerasEngine(_BatchedEngine):
    """Runs a Keras model on whatever device Keras finds.

    Parameters
    ----------
    model
        Maps RGB images (N, S, S, 3) in 0 to 255 to vectors (N, D).
    batch_size
        A smaller batch is filled up: the arithmetic of a batch of another size differs in its last bits.
    precision
        What the model was built to compute in.
    """

    name = "keras"

    def __init__(self, model: Any, *, batch_size: int, precision: str = "float32") -> None:
        self.batch_size = batch_size
        self.precision = precision
        self.n_features = int(model.output_shape[-1])
        self.input_size = int(model.input_shape[1])
        self._model = model
        # XLA makes these networks slower on a CPU.
        self._model.compile(jit_compile=False)

    def embed_batches(self, batches: Iterable[Images]) -> Generator[Vectors, None, None]:
        """Yield the vectors of each batch, as `Engine.embed_batches` has it; one batch is computed while the next is made."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="keras") as pool:
            before = None
            for images in batches:
                running = pool.submit(self._compute, images)
                if before is not None:
                    yield before.result()
                before = running
            if before is not None:
                yield before.result()

    def _compute(self, images: Images) -> Vectors:
        batch = np.zeros((self.batch_size, self.input_size, self.input_size, 3), dtype=np.float32)
        batch[: len(images)] = images
        return np.asarray(self._model.predict_on_batch(batch), dtype=np.float32)[: len(images)]

    def close(self) -> None:
        """Drop the model."""
        self._model = None


class OpenVinoEngine(_BatchedEngine):
    """Runs a converted model on the processor, several groups of images in flight at once.

    Parameters
    ----------
    path
        The model's .xml file: from RGB images (N, S, S, 3) in 0 to 255 to vectors (N, D), N free.
    precision
        "float32", "bfloat16", or "int8" for a model that was quantised.
    batch_size
        Most images that a batch may have; it is computed in smaller groups, all of one size.
    n_threads
        Number of processor cores to use, where other processes use the rest; all of them if None.
    """

    name = "openvino"

    def __init__(self, path: Path, *, precision: str, batch_size: int, n_threads: int | None = None) -> None:
        openvino = load_openvino()
        core = openvino.Core()
        model = core.read_model(path)
        size = int(model.input(0).partial_shape[1].get_length())
        arranged = openvino.preprocess.PrePostProcessor(model)
        # Bytes are a quarter of what floats would be on their way into the model.
        arranged.input().tensor().set_element_type(openvino.Type.u8)
        model = arranged.build()
        self.batch_size = batch_size
        self.input_size = size
        self._group = choose_group_size(size, batch_size)
        model.reshape([self._group, size, size, 3])
        computed_in = OPENVINO_TYPES.get(precision) or ("bf16" if has_native_bfloat16() else "f32")
        settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": computed_in, "PERFORMANCE_HINT": "THROUGHPUT"}
        if n_threads is not None:
            # Processes that each tie their threads to the first cores would share these and leave the others idle.
            settings |= {"INFERENCE_NUM_THREADS": n_threads, "ENABLE_CPU_PINNING": False}
        self._compiled: Any = core.compile_model(model, "CPU", settings)
        self.precision = "int8" if precision == "int8" else self._find_precision()
        self.n_features = int(self._compiled.output(0).shape[-1])
        streams = int(self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        # Two batches, so that the cores have work while a finished one is written.
        self._n_requests = max(streams + 1, 2 * -(-batch_size // self._group))

    def _find_precision(self) -> str:
        """Return the precision actually used; it can differ from the one requested."""
        actual = self._compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        return next((name for name, openvino_name in OPENVINO_TYPES.items() if openvino_name == actual), actual)

    def embed_batches(self, batches: Iterable[Images]) -> Generator[Vectors, None, None]:
        """Yield the vectors of each batch, as `Engine.embed_batches` has it."""
        free = [self._compiled.create_infer_request() for _ in range(self._n_requests)]
        running: deque[tuple[Any, Vectors]] = deque()
        started: deque[tuple[Vectors, int]] = deque()
        n_done = 0

        def finish_oldest() -> None:
            request, target = running.popleft()
            request.wait()
            target[:] = request.get_output_tensor().data[: len(target)]
            free.append(request)

        try:
            n_started = 0
            for images in batches:
                vectors = np.empty((len(images), self.n_features), dtype=np.float32)
                for start in range(0, len(images), self._group):
                    if not free:
                        finish_oldest()
                        n_done += 1
                    group = images[start : start + self._group]
                    request = free.pop()
                    # Every group is full, so that all run through the same arithmetic.
                    inputs = request.get_input_tensor().data
                    inputs[: len(group)] = group
                    inputs[len(group) :] = 0
                    request.start_async()
                    running.append((request, vectors[start : start + self._group]))
                    n_started += 1
                started.append((vectors, n_started))
                while started and started[0][1] <= n_done:
                    yield started.popleft()[0]
            while started:
                vectors, last = started.popleft()
                while n_done < last:
                    finish_oldest()
                    n_done += 1
                yield vectors
        finally:
            for request, _ in running:
                request.wait()

    def close(self) -> None:
        """Drop the compiled model."""
        self._compiled = None


def choose_group_size(input_size: int, batch_size: int) -> int:
    """Return how many images of `input_size` squared to compute at once: a power of two, `batch_size` at most."""
    fitting = PIXELS_AT_ONCE // input_size**2
    return min(batch_size, 1 << max(0, fitting.bit_length() - 1))

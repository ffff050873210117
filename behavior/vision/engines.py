"""What runs a backbone on batches of crops, or of clips: Keras, PyTorch, or OpenVINO on a processor."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from behavior.vision.clips import ClipBatch
from behavior.vision.devices import has_native_bfloat16, load_openvino

__all__ = ["Engine", "Images", "KerasEngine", "OpenVinoEngine", "TorchEngine", "choose_group_size"]

# Of a network on clips, `Engine` says image for a clip (F, S, S, 3).
Images = npt.NDArray[np.uint8] | ClipBatch
Vectors = npt.NDArray[np.float32]

OPENVINO_TYPES = {"float32": "f32", "bfloat16": "bf16"}
# What a network makes of more pixels than these leaves the processor's caches on the way: measured to be slower, and it takes memory.
PIXELS_AT_ONCE = 4 * 299**2
# Of images and clips that were handed over and are not computed yet.
MOST_WAITING_BYTES = 2**28


class Engine(Protocol):
    """Embeds crops, always in batches of one size, so that equal crops get equal vectors wherever they are in a batch.

    Attributes
    ----------
    name
        "keras", "openvino" or "torch".
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
    """What every engine does with `embed`."""

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


class _ThreadedEngine(_BatchedEngine):
    """One batch is computed in a thread while the next is made.

    Attributes
    ----------
    shape
        Of an image, (S, S, 3), or of a clip, (F, S, S, 3).
    """

    shape: tuple[int, ...]

    def embed_batches(self, batches: Iterable[Images]) -> Generator[Vectors, None, None]:
        """Yield the vectors of each batch, as `Engine.embed_batches` has it."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine") as pool:
            before = None
            for images in batches:
                running = pool.submit(self._compute_filled, images)
                if before is not None:
                    yield before.result()
                before = running
            if before is not None:
                yield before.result()

    def _compute_filled(self, images: Images) -> Vectors:
        batch = np.zeros((self.batch_size, *self.shape), dtype=np.float32)
        batch[: len(images)] = images[:]
        return self._compute(batch)[: len(images)]

    @abstractmethod
    def _compute(self, batch: npt.NDArray[np.float32]) -> Vectors:
        """Return the vectors of a batch that is full."""


class KerasEngine(_ThreadedEngine):
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
        self.shape = tuple(int(length) for length in model.input_shape[1:])
        self.input_size = self.shape[-2]
        self._model = model
        # XLA makes these networks slower on a CPU.
        self._model.compile(jit_compile=False)

    def _compute(self, batch: npt.NDArray[np.float32]) -> Vectors:
        return np.asarray(self._model.predict_on_batch(batch), dtype=np.float32)

    def close(self) -> None:
        """Drop the model."""
        self._model = None


class TorchEngine(_ThreadedEngine):
    """Runs a module of PyTorch on a GPU where there is one.

    Parameters
    ----------
    module
        Maps float32 RGB images (N, S, S, 3), or clips (N, F, S, S, 3), in 0 to 255 to vectors (N, D).
    shape
        Of an image or a clip.
    batch_size
        A smaller batch is filled up: the arithmetic of a batch of another size differs in its last bits.
    precision
        "float32", or "bfloat16" for what PyTorch computes in it safely.
    """

    name = "torch"

    def __init__(self, module: Any, *, shape: tuple[int, ...], batch_size: int, precision: str = "float32") -> None:
        import torch

        self.batch_size = batch_size
        self.precision = precision
        self.shape = shape
        self.input_size = shape[-2]
        self._torch: Any = torch
        self._device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        self._module = module.to(self._device).eval()
        self.n_features = self._compute(np.zeros((1, *shape), dtype=np.float32)).shape[1]

    def _compute(self, batch: npt.NDArray[np.float32]) -> Vectors:
        torch = self._torch
        images = torch.from_numpy(batch).to(self._device)
        is_reduced = self.precision == "bfloat16"
        with torch.inference_mode(), torch.autocast(self._device, dtype=torch.bfloat16, enabled=is_reduced):
            vectors = self._module(images)
        computed: Vectors = vectors.float().cpu().numpy()
        return computed

    def close(self) -> None:
        """Drop the module, and give its memory on a GPU back."""
        self._module = None
        if self._device == "cuda":
            self._torch.cuda.empty_cache()


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
        shape = [int(length.get_length()) for length in list(model.input(0).partial_shape)[1:]]
        size = shape[-2]
        arranged = openvino.preprocess.PrePostProcessor(model)
        # Bytes are a quarter of what floats would be on their way into the model.
        arranged.input().tensor().set_element_type(openvino.Type.u8)
        model = arranged.build()
        self.batch_size = batch_size
        self.input_size = size
        self._group = choose_group_size(size, batch_size, n_frames=shape[0] if len(shape) > 3 else 1)
        model.reshape([self._group, *shape])
        computed_in = OPENVINO_TYPES.get(precision) or ("bf16" if has_native_bfloat16() else "f32")
        settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": computed_in, "PERFORMANCE_HINT": "THROUGHPUT"}
        if n_threads is not None:
            # Processes that each tie their threads to the first cores would share these and leave the others idle.
            settings |= {"INFERENCE_NUM_THREADS": n_threads, "ENABLE_CPU_PINNING": False}
        self._compiled: Any = core.compile_model(model, "CPU", settings)
        self.precision = "int8" if precision == "int8" else self._find_precision()
        self.n_features = int(self._compiled.output(0).shape[-1])
        streams = int(self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        # Two batches, so that the cores have work while a finished one is written; of clips, as many as memory is for.
        most = MOST_WAITING_BYTES // (self._group * math.prod(shape))
        self._n_requests = max(streams + 1, min(2 * -(-batch_size // self._group), most))

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


def choose_group_size(input_size: int, batch_size: int, *, n_frames: int = 1) -> int:
    """Return how many images, or clips of `n_frames`, of `input_size` squared to compute at once: a power of two, `batch_size` at most."""
    fitting = PIXELS_AT_ONCE // (n_frames * input_size**2)
    return min(batch_size, 1 << max(0, fitting.bit_length() - 1))

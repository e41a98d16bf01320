"""FID and KID against hand-computed cases and torch-fidelity; the features against the published TorchScript itself."""

import importlib
import importlib.util
import io
import pickle
import sys
import types
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch

from doppelganger.errors import UnsafePickleError
from doppelganger.evaluation.inception import InceptionFeatures, read_modules
from doppelganger.evaluation.realism import frechet_distance, kernel_distance
from doppelganger.images import RGB
from doppelganger.weights import Store

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")  # its archives are what is read


@pytest.fixture
def fidelity() -> Iterator[Callable[[str], Any]]:
    """A module of torch-fidelity by name. The package's own ``__init__`` and ``utils`` load torchvision, which its
    statistics do not use and which fails beside another build of PyTorch; so these two are left out."""
    spec = importlib.util.find_spec("torch_fidelity")
    assert spec is not None
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "torch_fidelity"}
    for name in before:
        del sys.modules[name]
    package, utils = types.ModuleType("torch_fidelity"), types.ModuleType("torch_fidelity.utils")
    package.__path__ = list(spec.submodule_search_locations or ())
    utils.__getattr__ = lambda name: None  # type: ignore[method-assign]
    sys.modules.update({"torch_fidelity": package, "torch_fidelity.utils": utils})
    yield lambda name: importlib.import_module(f"torch_fidelity.{name}")
    for name in [name for name in sys.modules if name.split(".")[0] == "torch_fidelity"]:
        del sys.modules[name]
    sys.modules.update(before)


def sets(n: int, m: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(n + m)
    mixing = random.normal(size=(width, width)) / np.sqrt(width)
    a = np.maximum(random.normal(size=(n, width)), 0)
    return a, np.maximum(random.normal(0.2, 1.3, size=(m, width)) @ mixing, 0)


def test_frechet_distance_by_hand() -> None:
    # One dimension: (μa − μb)² + (σa − σb)², with variances 1 and 9 (divided by N − 1)
    assert frechet_distance(np.array([[-1.0], [0], [1]]), np.array([[2.0], [5], [8]])) == pytest.approx(25 + 4)
    # Two dimensions that do not share a direction: nothing is taken off the traces
    a, b = np.array([[1.0, 0], [-1, 0]]), np.array([[0.0, 3], [0, -3]])
    assert frechet_distance(a, b) == pytest.approx(2 + 18)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("n", "m"), [(300, 300), (300, 20), (20, 300), (20, 12), (2, 2)])
def test_frechet_distance_is_torch_fidelitys(fidelity: Callable[[str], Any], n: int, m: int) -> None:
    a, b = sets(n, m, 40)
    library = fidelity("metric_fid")
    one, other = (library.fid_features_to_statistics(torch.from_numpy(x)) for x in (a, b))
    value = library.fid_statistics_to_metric(one, other, False)["frechet_inception_distance"]
    # with n ≤ 40 its product of covariances is singular, and the roots of rounding errors are added up
    assert frechet_distance(a, b) == pytest.approx(value, rel=1e-9 if min(n, m) > 40 else 1e-5)


def test_frechet_distance_of_few_pictures_does_not_depend_on_their_frame() -> None:
    """Rank deficient sets, turned and moved together: the value stays, to the last digits."""
    a, b = sets(24, 24, 200)
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(200, 200)))
    assert frechet_distance(a @ turn + 5, b @ turn + 5) == pytest.approx(frechet_distance(a, b), rel=1e-10)
    # and it is biased upward, as the docstring says: both halves are of one distribution
    whole, _ = sets(2000, 2, 20)
    assert frechet_distance(whole[:20], whole[20:40]) > 5 * frechet_distance(whole[:1000], whole[1000:]) > 0


def test_kernel_distance_by_hand() -> None:
    # D = 1: k(x, y) = (xy + 1)³. Within a: k(0, 1) = 1; within b: k(1, 2) = 27; across: 1, 1, 8, 27
    assert kernel_distance(np.array([[0.0], [1]]), np.array([[1.0], [2]])) == pytest.approx(1 + 27 - 2 * 37 / 4)
    # D = 2 halves the product: k = (x·y / 2 + 1)³; sets of unequal size
    a, b = np.array([[2.0, 0], [2, 0]]), np.array([[0.0, 0], [2, 0], [0, 2]])
    assert kernel_distance(a, b) == pytest.approx(27 + (1 + 1 + 1) / 3 - 2 * (1 + 27 + 1) / 3)


@pytest.mark.parametrize("n", [2, 50])
def test_kernel_distance_is_torch_fidelitys(fidelity: Callable[[str], Any], n: int) -> None:
    a, b = sets(n, n, 40)
    settings = {
        "kid_subsets": 1, "kid_subset_size": n, "verbose": False, "rng_seed": 0, "kid_kernel": "poly",
        "kid_kernel_poly_degree": 3, "kid_kernel_poly_gamma": None, "kid_kernel_poly_coef0": 1,
    }  # fmt: skip
    value = fidelity("metric_kid").kid_features_to_metric(torch.from_numpy(a), torch.from_numpy(b), **settings)
    assert kernel_distance(a, b) == pytest.approx(value["kernel_inception_distance_mean"], rel=1e-9)


def test_kernel_distance_of_subsets_is_seeded_and_near_the_whole() -> None:
    a, b = sets(400, 300, 16)
    whole, some = kernel_distance(a, b), kernel_distance(a, b, subset=100, subsets=50)
    assert (
        some == kernel_distance(a, b, subset=100, subsets=50) != kernel_distance(a, b, subset=100, subsets=50, seed=1)
    )
    assert some == pytest.approx(whole, rel=0.2) and some != whole
    same, _ = sets(3000, 2, 16)
    values = [kernel_distance(part[:50], part[50:]) for part in same.reshape(30, 100, 16)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(30) and min(values) < 0  # unbiased


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_sets_that_cannot_be_compared_are_refused(distance: Callable[..., float]) -> None:
    with pytest.raises(ValueError, match="two pictures"):
        distance(np.zeros((1, 3)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="3 and of 4 numbers"):
        distance(np.zeros((2, 3)), np.zeros((2, 4)))


@pytest.fixture(scope="module")
def network(store: Store) -> InceptionFeatures:
    return InceptionFeatures(store)


@pytest.fixture(scope="module")
def pictures(astronaut: RGB) -> list[RGB]:
    return [astronaut, np.asarray(skimage.data.coffee()), astronaut[:299, :299], astronaut[:150, :100]]


def test_features_are_those_of_the_torchscript_itself(
    network: InceptionFeatures, store: Store, pictures: list[RGB]
) -> None:
    crops = [np.ascontiguousarray(p[:299, :299]) for p in pictures[:3]]  # 299² is not resized
    ours = network.features(crops)
    script = torch.jit.load(str(store.path("fid-inception")))
    with torch.inference_mode():
        theirs = script((torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() - 128) / 128)
    assert ours.shape == (3, 2048) and ours.max() > 1
    assert np.abs(ours - theirs.numpy()).max() < 1e-4


def test_features_of_any_size_are_those_of_torch_fidelitys_network_filled_with_the_same_weights(
    network: InceptionFeatures, store: Store, pictures: list[RGB], fidelity: Callable[[str], Any]
) -> None:
    layers = [state for state in read_modules(store.path("fid-inception")).values() if "weight" in state]

    class Filled(fidelity("feature_extractor_inceptionv3").FeatureExtractorInceptionV3):  # type: ignore[misc]
        def load_state_dict(self, *_: object) -> None:
            blocks = [m for m in self.modules() if type(m).__name__ == "BasicConv2d"]
            for block, state in zip(blocks, layers, strict=True):  # both name them in the graph's order
                for tensor, name in ((block.conv.weight, "weight"), (block.bn.bias, "beta")):
                    tensor.data.copy_(torch.from_numpy(state[name].copy()))
                block.bn.running_mean.copy_(torch.from_numpy(state["mean"].copy()))
                block.bn.running_var.copy_(torch.from_numpy(state["var"].copy()))

    blank = io.BytesIO()
    torch.save({}, blank)
    blank.seek(0)
    theirs = Filled("inception", ["2048"], feature_extractor_weights_path=blank)
    with torch.inference_mode():
        rows = [theirs(torch.from_numpy(p.copy()).permute(2, 0, 1)[None])[0][0].numpy() for p in pictures]
    gap = np.abs(network.features(pictures) - np.stack(rows)).max()
    assert gap < 1e-3


def test_features_row_by_row(network: InceptionFeatures, pictures: list[RGB]) -> None:
    assert network.features([]).shape == (0, 2048)
    many = network.features(p for p in (pictures * 3)[:9])  # more than a batch
    np.testing.assert_allclose(many[8], network.features(pictures[:1])[0], atol=1e-4)
    assert np.abs(many[0] - many[1]).max() > 0.5


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("run",)


@pytest.mark.parametrize(
    ("pickled", "words"), [(pickle.dumps(Trap()), "asks for builtins.print"), (b"\x80\x02}(", "not a readable")]
)
def test_an_archive_of_anything_else_is_refused(tmp_path: Path, pickled: bytes, words: str) -> None:
    file = tmp_path / "net.pt"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("net/data.pkl", pickled)
    with pytest.raises(UnsafePickleError, match=words):
        read_modules(file)
    file.write_bytes(b"no archive")
    with pytest.raises(UnsafePickleError, match="not a readable"):
        read_modules(file)


@pytest.mark.parametrize(
    ("offset", "shape", "stride"), [(1, (2,), (1,)), (0, (4,), (2,)), (0, (2, 2), (1, 2)), (0, (9,), (1,))]
)
def test_a_tensor_that_points_elsewhere_is_refused(
    tmp_path: Path, offset: int, shape: tuple[int, ...], stride: tuple[int, ...]
) -> None:
    """A TorchScript archive whose one tensor is a view; the plain one beside it is read."""

    class Net(torch.nn.Module):
        def __init__(self, at: int, shape: tuple[int, ...], stride: tuple[int, ...]) -> None:
            super().__init__()
            self.weight = torch.arange(99.0).as_strided(shape, stride, at)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + self.weight.sum()

    plain, view = tmp_path / "plain.pt", tmp_path / "view.pt"
    plain.write_bytes(_scripted(Net(0, (99,), (1,))))
    assert read_modules(plain)[""]["weight"].tolist() == list(range(99))
    view.write_bytes(_scripted(Net(offset, shape, stride)))
    with pytest.raises(UnsafePickleError):
        read_modules(view)


def _scripted(module: torch.nn.Module) -> bytes:
    stream = io.BytesIO()
    torch.jit.save(torch.jit.script(module), stream)
    return stream.getvalue()

"""Muon: updates that are about orthogonal, and a step that goes downhill."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hone.training.muon import Muon, orthogonal


@given(st.integers(0, 2**31), st.sampled_from([(3, 8, 8), (2, 16, 4), (1, 4, 16)]))
@settings(max_examples=20, deadline=None)
def test_orthogonal_matrices_have_singular_values_near_one(seed: int, shape: tuple[int, int, int]) -> None:
    stack = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    stack = stack + 3 * torch.eye(shape[1], shape[2])  # far from singular, as momenta are
    found = orthogonal(stack)
    assert found.shape == stack.shape
    assert torch.linalg.matrix_norm(found, ord=2).max() < 1.3
    assert torch.linalg.svdvals(found).min() > 0.3


def test_the_scale_of_a_gradient_does_not_matter() -> None:
    stack = torch.randn((2, 6, 6), generator=torch.Generator().manual_seed(3))
    assert torch.allclose(orthogonal(stack), orthogonal(1000 * stack), atol=1e-4)


def test_steps_go_downhill() -> None:
    aim = torch.randn((5, 7), generator=torch.Generator().manual_seed(1))
    weight = torch.zeros((5, 7), requires_grad=True)
    muon = Muon([weight])
    for step in range(60):
        weight.grad = None
        ((weight - aim) ** 2).sum().backward()  # type: ignore[no-untyped-call]
        muon.step(0.2 * (1 - step / 60))
    assert ((weight - aim) ** 2).mean() < 0.02 * (aim**2).mean()


def test_a_matrix_without_a_gradient_stays() -> None:
    weight = torch.ones((2, 2), requires_grad=True)
    Muon([weight]).step(0.1)
    assert torch.equal(weight, torch.ones((2, 2)))

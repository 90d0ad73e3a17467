"""European calls by Black and Scholes with five Greeks each: elementary functions, one long fused loop.

The Greeks are the derivatives of the price by spot (delta), strike (dual delta), time to expiry (minus
theta), rate (rho) and volatility (vega). The formula is that of Black & Scholes, "The Pricing of Options and
Corporate Liabilities", Journal of Political Economy 81 (1973).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import erf

from ..program import Arguments, Gradients, Program


def total_price(spot: Any, strike: Any, time: Any, rate: Any, volatility: Any) -> Any:
    spread = volatility * np.sqrt(time)
    d1 = (np.log(spot / strike) + (rate + 0.5 * volatility**2) * time) / spread
    d2 = d1 - spread
    above = 0.5 * (1.0 + erf(d1 / math.sqrt(2.0)))
    below = 0.5 * (1.0 + erf(d2 / math.sqrt(2.0)))
    return np.sum(spot * above - strike * np.exp(-rate * time) * below)


def arguments(options: int) -> Arguments:
    rng = np.random.default_rng(0)
    bounds = ((80.0, 120.0), (80.0, 120.0), (0.1, 2.0), (0.0, 0.05), (0.1, 0.5))
    return tuple(rng.uniform(low, high, options) for low, high in bounds)


def by_hand(spot: Any, strike: Any, time: Any, rate: Any, volatility: Any) -> tuple[Any, Gradients]:
    root = np.sqrt(time)
    spread = volatility * root
    d1 = (np.log(spot / strike) + (rate + 0.5 * volatility * volatility) * time) / spread
    delta = 0.5 * (1.0 + erf(d1 * math.sqrt(0.5)))
    discounted = np.exp(-rate * time) * (0.5 * (1.0 + erf((d1 - spread) * math.sqrt(0.5))))
    owed = strike * discounted
    vega = spot * root * (np.exp(-0.5 * d1 * d1) / math.sqrt(2.0 * math.pi))
    by_time = 0.5 * vega * volatility / time + rate * owed
    return np.sum(spot * delta - owed), (delta, -discounted, by_time, time * owed, vega)


def with_jax() -> Callable[..., Any]:
    import jax.numpy as jnp
    from jax.scipy.special import erf

    def function(spot: Any, strike: Any, time: Any, rate: Any, volatility: Any) -> Any:
        spread = volatility * jnp.sqrt(time)
        d1 = (jnp.log(spot / strike) + (rate + 0.5 * volatility**2) * time) / spread
        above = 0.5 * (1.0 + erf(d1 * math.sqrt(0.5)))
        below = 0.5 * (1.0 + erf((d1 - spread) * math.sqrt(0.5)))
        return jnp.sum(spot * above - strike * jnp.exp(-rate * time) * below)

    return function


def with_torch() -> Callable[..., Any]:
    import torch

    def function(spot: Any, strike: Any, time: Any, rate: Any, volatility: Any) -> Any:
        spread = volatility * torch.sqrt(time)
        d1 = (torch.log(spot / strike) + (rate + 0.5 * volatility * volatility) * time) / spread
        above = 0.5 * (1.0 + torch.erf(d1 * math.sqrt(0.5)))
        below = 0.5 * (1.0 + torch.erf((d1 - spread) * math.sqrt(0.5)))
        return torch.sum(spot * above - strike * torch.exp(-rate * time) * below)

    return function


def with_autograd() -> Callable[..., Any]:
    import autograd.numpy as anp
    from autograd.scipy.special import erf

    def function(spot: Any, strike: Any, time: Any, rate: Any, volatility: Any) -> Any:
        spread = volatility * anp.sqrt(time)
        d1 = (anp.log(spot / strike) + (rate + 0.5 * volatility**2) * time) / spread
        above = 0.5 * (1.0 + erf(d1 * math.sqrt(0.5)))
        below = 0.5 * (1.0 + erf((d1 - spread) * math.sqrt(0.5)))
        return anp.sum(spot * above - strike * anp.exp(-rate * time) * below)

    return function


PROGRAM = Program(
    name="black-scholes",
    title="Black-Scholes, 1,000,000 options, 5 Greeks",
    arguments=arguments,
    size=1_000_000,
    small=100,
    wrt=(0, 1, 2, 3, 4),
    function=total_price,
    by_hand=by_hand,
    jax=with_jax,
    torch=with_torch,
    autograd=with_autograd,
)

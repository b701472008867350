"""Models that fulfil the contract in `obverse.core.model`."""

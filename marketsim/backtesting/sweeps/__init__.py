"""Policies: rules of prices alone, written once in JAX, walked one by one or a grid at a time."""

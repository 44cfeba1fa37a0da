"""Boosted regression trees as plain arrays, walked many at a time: what grew them is not needed. Pure."""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Trees:
    """T trees of at most L leaves. Of each node: what it asks, and where the answers lead.

    `feature`, `threshold`, `left`, `right` and `missing_left` are [T, L - 1], `leaf` is [T, L]. Node 0 is the
    root. A value up to the threshold goes left; NaN goes left where `missing_left` says so. A child below
    zero is the leaf ~child.
    """

    feature: npt.NDArray[np.uint8]
    threshold: npt.NDArray[np.float32]
    left: npt.NDArray[np.int8]
    right: npt.NDArray[np.int8]
    missing_left: npt.NDArray[np.bool_]
    leaf: npt.NDArray[np.float32]

    @classmethod
    def names(cls) -> list[str]:
        """The arrays by name."""
        return [field.name for field in fields(cls)]

    def take(self, trees: slice) -> "Trees":
        """Some of the trees, in their order."""
        return Trees(*(getattr(self, name)[trees] for name in self.names()))

    def values(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """What each tree says of each row of features: [rows, T]."""
        nodes, leaves = self._flat, self.leaf.ravel()
        said = np.empty((len(rows), len(nodes.roots)), np.float32)
        # Row by row: what is known of one row fits the cache, which outweighs the loop.
        for row, answer in zip(rows, said, strict=True):
            unknown = np.isnan(row)
            any_unknown = bool(unknown.any())
            tree, node = np.arange(len(nodes.roots)), nodes.roots
            while len(node):
                asked = nodes.feature[node]
                right = row[asked] > nodes.threshold[node]
                if any_unknown:
                    right |= unknown[asked] & ~nodes.missing_left[node]
                node = nodes.children[node * 2 + right]
                arrived = node < 0
                answer[tree[arrived]] = leaves[~node[arrived]]
                tree, node = tree[~arrived], node[~arrived]
        return said

    @cached_property
    def _flat(self) -> "_Nodes":
        """The nodes of all trees in one row, so that one look-up serves all trees at once."""
        trees, nodes = self.feature.shape
        place = np.arange(trees)[:, None, None]
        children = np.stack([self.left, self.right], axis=-1).astype(np.int64)
        children = np.where(children >= 0, children + place * nodes, children - place * (nodes + 1))
        return _Nodes(
            self.feature.ravel().astype(np.int64),
            self.threshold.ravel(),
            self.missing_left.ravel(),
            children.ravel(),
            np.arange(trees) * nodes,
        )


class _Nodes(NamedTuple):
    """The nodes of all trees in a row; `children` has each one's left and right, or ~place of a leaf."""

    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float32]
    missing_left: npt.NDArray[np.bool_]
    children: npt.NDArray[np.int64]
    roots: npt.NDArray[np.int64]
